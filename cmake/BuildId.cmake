# The id of a build: one for everything that decides what the core computes and how its modules call each other. It is made
# anew with every change of a source of the core; only the small files that include it are compiled again for it.
set(build_id_folder "${CMAKE_BINARY_DIR}/generated")
file(MAKE_DIRECTORY "${build_id_folder}")
file(GLOB_RECURSE build_id_sources CONFIGURE_DEPENDS RELATIVE "${CMAKE_SOURCE_DIR}"
    "${CMAKE_SOURCE_DIR}/core/include/*.h" "${CMAKE_SOURCE_DIR}/core/src/*.h" "${CMAKE_SOURCE_DIR}/core/src/*.cpp"
    "${CMAKE_SOURCE_DIR}/core/src/*.cu")
list(SORT build_id_sources)
string(REPLACE ";" "\n" build_id_lines "${build_id_sources}")
file(CONFIGURE OUTPUT "${build_id_folder}/build_id_sources.txt" CONTENT "${build_id_lines}\n" @ONLY)

string(TOUPPER "${CMAKE_BUILD_TYPE}" build_type)
set(build_id_with "${PROJECT_VERSION} ${CMAKE_SYSTEM_PROCESSOR} ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} \
${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${build_type}} ${ATTNSCOPE_SANITIZE}")
# LibTorch says in this file which commit it was built from.
if(EXISTS "${ATTNSCOPE_TORCH_DIR}/version.py")
    file(SHA256 "${ATTNSCOPE_TORCH_DIR}/version.py" torch_version)
    string(APPEND build_id_with " ${torch_version}")
endif()

list(TRANSFORM build_id_sources PREPEND "${CMAKE_SOURCE_DIR}/" OUTPUT_VARIABLE build_id_paths)
add_custom_command(OUTPUT "${build_id_folder}/attnscope_build_id.h"
    COMMAND "${CMAKE_COMMAND}" "-DSOURCE_DIR=${CMAKE_SOURCE_DIR}" "-DSOURCES=${build_id_folder}/build_id_sources.txt"
        "-DBUILT_WITH=${build_id_with}" "-DOUTPUT=${build_id_folder}/attnscope_build_id.h"
        -P "${CMAKE_SOURCE_DIR}/cmake/WriteBuildId.cmake"
    DEPENDS ${build_id_paths} "${build_id_folder}/build_id_sources.txt" "${CMAKE_SOURCE_DIR}/cmake/WriteBuildId.cmake"
    COMMENT "Build id" VERBATIM)
add_custom_target(attnscope_build_id DEPENDS "${build_id_folder}/attnscope_build_id.h")

# attnscope_build_id(TARGET SOURCE): SOURCE of TARGET is the one that includes attnscope_build_id.h.
function(attnscope_build_id target source)
    add_dependencies(${target} attnscope_build_id)
    set_source_files_properties("${CMAKE_SOURCE_DIR}/${source}" PROPERTIES
        INCLUDE_DIRECTORIES "${build_id_folder}" SKIP_UNITY_BUILD_INCLUSION ON SKIP_PRECOMPILE_HEADERS ON)
endfunction()

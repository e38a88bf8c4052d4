# Several sources compiled as one. Most of what a source costs the compiler is the templates it shares with its
# neighbours: compiled eight at a time, the program is built in less than half the time. Only sources of one folder go
# together, those compiled with options of their own stay apart, and every source still includes what it uses and builds
# alone with ATTNSCOPE_UNITY off: what is in an unnamed namespace must merely have names of its own within a folder.
option(ATTNSCOPE_UNITY "Compile several sources of a folder as one" OFF)

set(unity_sources_together 8)

# attnscope_unity(TARGET SOURCE...): the sources sorted, by absolute path.
function(attnscope_unity target)
    if(NOT ATTNSCOPE_UNITY)
        return()
    endif()
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
    foreach(source IN LISTS ARGN)
        get_filename_component(folder "${source}" DIRECTORY)
        file(RELATIVE_PATH folder "${CMAKE_SOURCE_DIR}" "${folder}")
        string(MAKE_C_IDENTIFIER "${folder}" group)
        if(NOT DEFINED taken_${group})
            set(taken_${group} 0)
        endif()
        math(EXPR chunk "${taken_${group}} / ${unity_sources_together}")
        math(EXPR taken_${group} "${taken_${group}} + 1")
        set_source_files_properties("${source}" PROPERTIES UNITY_GROUP "${group}_${chunk}")
    endforeach()
endfunction()

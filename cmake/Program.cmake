# attnscope_ui (panels and state), attnscope_app (window loop and command line) and the program itself. The two
# libraries leave ImGui proper to the executable: the program links imgui_core, tests link imgui_tested.
attnscope_sources(ui_sources ui/*.cpp)
attnscope_sources(app_sources app/*.cpp)
list(FILTER app_sources EXCLUDE REGEX "/app/main\\.cpp$")
if(NOT TARGET attnscope_base)
    return()
endif()

if(ui_sources)
    add_library(attnscope_ui STATIC ${ui_sources})
    target_include_directories(attnscope_ui PUBLIC "${CMAKE_SOURCE_DIR}" "${CMAKE_SOURCE_DIR}/ui")
    target_link_libraries(attnscope_ui
        PUBLIC attnscope_base implot imgui_palette imgui_markdown nlohmann_json::nlohmann_json
        PRIVATE attnscope_warnings portable_file_dialogs)
    attnscope_precompile(attnscope_ui <imgui.h> <implot.h>)
    attnscope_unity(attnscope_ui ${ui_sources})
endif()

if(app_sources)
    add_library(attnscope_app STATIC ${app_sources})
    target_include_directories(attnscope_app PUBLIC "${CMAKE_SOURCE_DIR}" "${CMAKE_SOURCE_DIR}/app")
    target_link_libraries(attnscope_app
        PUBLIC $<TARGET_NAME_IF_EXISTS:attnscope_ui> attnscope_base imgui_backends nlohmann_json::nlohmann_json
        PRIVATE attnscope_warnings portable_file_dialogs PNG::PNG Freetype::Freetype)
    attnscope_precompile(attnscope_app <CLI/CLI.hpp> <nlohmann/json.hpp>)
    attnscope_unity(attnscope_app ${app_sources})
endif()

if(EXISTS "${CMAKE_SOURCE_DIR}/app/main.cpp")
    add_executable(attnscope app/main.cpp)
    target_link_libraries(attnscope PRIVATE
        $<TARGET_NAME_IF_EXISTS:attnscope_app> $<TARGET_NAME_IF_EXISTS:attnscope_ui> attnscope_base imgui_core
        attnscope_warnings)
    if(TARGET attnscope_compute)
        add_dependencies(attnscope attnscope_compute)
    endif()
    if(TARGET attnscope_cuda)
        add_dependencies(attnscope attnscope_cuda)
    endif()
endif()

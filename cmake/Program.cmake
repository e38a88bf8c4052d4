# attnscope_state (what the window keeps and asks for, without drawing), attnscope_ui (panels), attnscope_app (window loop
# and command line) and the program itself. The libraries leave ImGui proper to the executable: the program links
# imgui_core, tests of the window link imgui_tested.
attnscope_sources(ui_sources ui/*.cpp)
set(state_sources ${ui_sources})
list(FILTER state_sources INCLUDE REGEX "/ui/(state|analyses/[a-z]+/state)/")
list(FILTER ui_sources EXCLUDE REGEX "/ui/(state|analyses/[a-z]+/state)/")
attnscope_sources(app_sources app/*.cpp)
list(FILTER app_sources EXCLUDE REGEX "/app/main\\.cpp$")
if(NOT TARGET attnscope_base)
    return()
endif()

if(state_sources)
    add_library(attnscope_state STATIC ${state_sources})
    target_include_directories(attnscope_state PUBLIC "${CMAKE_SOURCE_DIR}" "${CMAKE_SOURCE_DIR}/ui")
    target_link_libraries(attnscope_state
        PUBLIC attnscope_base imgui_headers nlohmann_json::nlohmann_json
        PRIVATE attnscope_warnings)
    attnscope_precompile(attnscope_state <imgui.h>)
    attnscope_unity(attnscope_state ${state_sources})
endif()
if(NOT ATTNSCOPE_WINDOW)
    return()
endif()

if(ui_sources)
    add_library(attnscope_ui STATIC ${ui_sources})
    target_include_directories(attnscope_ui PUBLIC "${CMAKE_SOURCE_DIR}" "${CMAKE_SOURCE_DIR}/ui")
    target_link_libraries(attnscope_ui
        PUBLIC attnscope_state implot imgui_palette imgui_markdown
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

# Dear ImGui (docking fork of the bundle), ImPlot, ImPlot3D, the command palette, Markdown and the file dialogs.
#
# Two builds of ImGui proper: imgui_core for the program, and imgui_tested with the test engine's hooks for the tests.
# They are object libraries so that an executable takes exactly one, whatever order its libraries are named in.
set(bundle "${ATTNSCOPE_CACHE_DIR}/imgui-bundle-1.92.801/external")
set(imgui "${bundle}/imgui/imgui")
set(test_engine "${bundle}/imgui_test_engine/imgui_test_engine")
if(NOT EXISTS "${imgui}/imgui.h")
    message(FATAL_ERROR "Dear ImGui: expected ${imgui}/imgui.h, got nothing there; "
                        "scripts/run.sh --build-only fetches it")
endif()
set(imgui_sources
    "${imgui}/imgui.cpp" "${imgui}/imgui_draw.cpp" "${imgui}/imgui_tables.cpp" "${imgui}/imgui_widgets.cpp"
    "${imgui}/imgui_demo.cpp" "${imgui}/imgui_stacklayout.cpp" "${imgui}/misc/cpp/imgui_stdlib.cpp")

add_library(imgui_headers INTERFACE)
target_include_directories(imgui_headers SYSTEM INTERFACE "${imgui}" "${imgui}/misc/cpp" "${imgui}/backends")
target_compile_definitions(imgui_headers INTERFACE IMGUI_DISABLE_OBSOLETE_FUNCTIONS IMGUI_DISABLE_DEMO_WINDOWS)

add_library(imgui_core OBJECT ${imgui_sources})
target_link_libraries(imgui_core PUBLIC imgui_headers)
target_compile_options(imgui_core PRIVATE -w)
# What the window keeps needs ImGui's keys and clipboard; only a window draws.
if(NOT ATTNSCOPE_WINDOW)
    return()
endif()

find_package(OpenGL REQUIRED)
find_package(glfw3 3.3 REQUIRED)

add_library(imgui_backends STATIC
    "${imgui}/backends/imgui_impl_glfw.cpp" "${imgui}/backends/imgui_impl_opengl3.cpp")
target_link_libraries(imgui_backends PUBLIC imgui_headers glfw OpenGL::GL ${CMAKE_DL_LIBS})

# All numeric types would take five times as long to compile and are not used.
add_library(implot STATIC
    "${bundle}/implot/implot/implot.cpp" "${bundle}/implot/implot/implot_items.cpp")
target_include_directories(implot SYSTEM PUBLIC "${bundle}/implot/implot")
target_compile_definitions(implot PUBLIC "IMPLOT_CUSTOM_NUMERIC_TYPES=(float)(double)")
target_link_libraries(implot PUBLIC imgui_headers)

add_library(imgui_palette STATIC
    "${bundle}/imgui-command-palette/imgui-command-palette/imcmd_command_palette.cpp"
    "${bundle}/imgui-command-palette/imgui-command-palette/imcmd_fuzzy_search.cpp")
target_include_directories(imgui_palette SYSTEM PUBLIC "${bundle}/imgui-command-palette/imgui-command-palette")
target_link_libraries(imgui_palette PUBLIC imgui_headers)

add_library(imgui_markdown STATIC
    "${bundle}/imgui_md/imgui_md/imgui_md.cpp" "${bundle}/imgui_md/md4c/src/md4c.c")
target_include_directories(imgui_markdown SYSTEM PUBLIC "${bundle}/imgui_md/imgui_md" "${bundle}/imgui_md/md4c/src")
target_link_libraries(imgui_markdown PUBLIC imgui_headers)

add_library(portable_file_dialogs INTERFACE)
target_include_directories(portable_file_dialogs SYSTEM INTERFACE "${bundle}/portable_file_dialogs")

foreach(target IN ITEMS imgui_backends implot imgui_palette imgui_markdown)
    target_compile_options(${target} PRIVATE -w)
endforeach()

# The test engine's licence is free for open-source use but is no OSI licence: tests link it, the program never does.
if(ATTNSCOPE_TESTS)
    file(GLOB test_engine_sources "${test_engine}/imgui_test_engine/*.cpp")
    list(FILTER test_engine_sources EXCLUDE REGEX "imgui_te_python_gil\\.cpp$")
    add_library(imgui_tested OBJECT EXCLUDE_FROM_ALL ${imgui_sources} ${test_engine_sources}
        "${imgui}/backends/imgui_impl_null.cpp")
    target_include_directories(imgui_tested SYSTEM PUBLIC "${test_engine}" "${test_engine}/imgui_test_engine")
    target_compile_definitions(imgui_tested PUBLIC
        IMGUI_ENABLE_TEST_ENGINE IMGUI_TEST_ENGINE_ENABLE_COROUTINE_STDTHREAD_IMPL=1
        IMGUI_TEST_ENGINE_ENABLE_CAPTURE=1)
    target_compile_options(imgui_tested PRIVATE -w)
    target_link_libraries(imgui_tested PUBLIC imgui_headers Threads::Threads)
endif()

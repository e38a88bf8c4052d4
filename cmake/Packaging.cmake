# cmake --install: the program, its libraries with the part of LibTorch they need, and what a desktop and a shell expect.
# The libraries lie flat in one folder, where each finds its neighbours, so the installed tree can be moved as a whole.
set(library_directory "${CMAKE_INSTALL_LIBDIR}/attnscope")

foreach(target IN ITEMS attnscope_base attnscope_compute attnscope_cuda)
    if(TARGET ${target})
        set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN")
        install(TARGETS ${target} LIBRARY DESTINATION ${library_directory} COMPONENT program)
    endif()
endforeach()
if(TARGET attnscope_cuda)
    # The CUDA libraries are several GB: the installed module uses them where they were unpacked.
    set_property(TARGET attnscope_cuda APPEND PROPERTY INSTALL_RPATH
        "${ATTNSCOPE_TORCH_DIR}/lib" "${ATTNSCOPE_NVIDIA_DIR}/lib")
endif()
if(TARGET attnscope_compute)
    install(PROGRAMS
        "${ATTNSCOPE_TORCH_DIR}/lib/libtorch_cpu.so" "${ATTNSCOPE_TORCH_DIR}/lib/libc10.so"
        "${ATTNSCOPE_TORCH_DIR}/lib/libgomp.so.1"
        "${ATTNSCOPE_NVIDIA_DIR}/lib/libcupti.so.13" "${ATTNSCOPE_NVIDIA_DIR}/lib/libcudart.so.13"
        DESTINATION ${library_directory} COMPONENT program)
endif()
if(TARGET attnscope)
    install(TARGETS attnscope RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
endif()
install(DIRECTORY "${CMAKE_SOURCE_DIR}/core/include/attnscope" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    COMPONENT development FILES_MATCHING PATTERN "*.h")

set(packaging "${CMAKE_SOURCE_DIR}/packaging")
install(FILES "${packaging}/attnscope.desktop" DESTINATION ${CMAKE_INSTALL_DATADIR}/applications COMPONENT program)
install(FILES "${packaging}/attnscope.svg" DESTINATION ${CMAKE_INSTALL_DATADIR}/icons/hicolor/scalable/apps
    COMPONENT program)
install(FILES "${packaging}/attnscope.1" DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program)
install(FILES "${packaging}/completions/attnscope.bash" RENAME attnscope
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT program)
install(FILES "${packaging}/completions/_attnscope" DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions
    COMPONENT program)
install(FILES "${packaging}/completions/attnscope.fish" DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d
    COMPONENT program)
install(FILES "${CMAKE_SOURCE_DIR}/docs/third_party.md" DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT program)

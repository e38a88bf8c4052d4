# attnscope_sources(VARIABLE PATTERN...): the sources of some folders, below the checkout, sorted. Adding a file needs no
# edit here; a folder that has none yet gives an empty list, and no target is made from it.
function(attnscope_sources variable)
    list(TRANSFORM ARGN PREPEND "${CMAKE_SOURCE_DIR}/" OUTPUT_VARIABLE patterns)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${patterns})
    list(SORT sources)
    set(${variable} "${sources}" PARENT_SCOPE)
endfunction()

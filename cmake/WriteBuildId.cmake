# cmake -DSOURCE_DIR=… -DSOURCES=FILE -DBUILT_WITH=TEXT -DOUTPUT=FILE -P WriteBuildId.cmake: a header that defines
# ATTNSCOPE_BUILD_ID, the SHA-256 of the sources named in FILE (one a line, below SOURCE_DIR) and of what they are
# compiled with.
file(STRINGS "${SOURCES}" sources)
set(text "${BUILT_WITH}\n")
foreach(source IN LISTS sources)
    file(SHA256 "${SOURCE_DIR}/${source}" hash)
    string(APPEND text "${source} ${hash}\n")
endforeach()
string(SHA256 id "${text}")
file(WRITE "${OUTPUT}" "#pragma once\n#define ATTNSCOPE_BUILD_ID \"${id}\"\n")

# Where scripts/bootstrap.sh leaves downloads and unpacked dependencies: the same rule as the program's own.
if(DEFINED ENV{ATTNSCOPE_CACHE})
    set(default_cache "$ENV{ATTNSCOPE_CACHE}")
elseif(DEFINED ENV{XDG_CACHE_HOME})
    set(default_cache "$ENV{XDG_CACHE_HOME}/attnscope")
else()
    set(default_cache "$ENV{HOME}/.cache/attnscope")
endif()
set(ATTNSCOPE_CACHE_DIR "${default_cache}" CACHE PATH "Downloads and unpacked dependencies")

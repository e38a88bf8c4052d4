// Where the sources have always found it; it is part of the public results.
#pragma once

#include <attnscope/none.h>

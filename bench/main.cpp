// With the heap that the program has.
#include "data/huge_pages.h"

#include <benchmark/benchmark.h>

int main(int argc, char** argv) {
    attnscope::restart_with_huge_pages(argv);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return 1;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}

#include "analyses/cv/parameters.h"

namespace attnscope {

Json cv_parameters_json(const cv::Parameters& parameters) {
    return {{"points", parameters.points},
            {"samples", parameters.samples},
            {"pool", parameters.pool},
            {"exact", parameters.exact},
            {"band", {parameters.band_low, parameters.band_high}}};
}

void read_cv_parameters(const ParamsReader& reader, cv::Parameters& parameters) {
    reader.number("points", parameters.points);
    reader.number("samples", parameters.samples);
    reader.number("pool", parameters.pool);
    reader.flag("exact", parameters.exact);
    std::vector<double> band{parameters.band_low, parameters.band_high};
    reader.numbers("band", band);
    if (band.size() != 2) ParamsReader::fail("two numbers", std::to_string(band.size()), "band");
    parameters.band_low = band[0];
    parameters.band_high = band[1];
    try {
        cv::check_parameters(parameters);
    } catch (const Error& error) {
        ParamsReader::fail(error.expected, error.got, error.subject);
    }
}

} // namespace attnscope

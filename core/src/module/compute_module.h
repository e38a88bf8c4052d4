// The door to the compute module: the one table through which base calls what needs LibTorch.
//
// The module is loaded at the first call on a worker, so a program that never computes starts without it.
#pragma once

#include <attnscope/alignment.h>
#include <attnscope/attention.h>
#include <attnscope/cv.h>
#include <attnscope/cv_experiment.h>
#include <attnscope/jacobian.h>
#include <attnscope/jacobian_experiment.h>
#include <attnscope/model.h>
#include <attnscope/residual.h>
#include <attnscope/retrieval.h>
#include <attnscope/text_encoder.h>

#include <memory>
#include <string>
#include <vector>

namespace attnscope {

/// Function table exported by the compute module as `attnscope_compute_table`. Signatures are those of the public
/// headers. What lies in memory differs between builds, so the module is used only where its
/// `attnscope_compute_build_id` is that of the base.
struct ComputeTable {
    retrieval::Spectrum (*spectrum)(const retrieval::SpectrumRequest&, JobContext&);
    retrieval::FirstStep (*first_step)(const retrieval::FirstStepRequest&, const retrieval::Spectrum&, JobContext&);
    retrieval::TraceResult (*traces)(const retrieval::TraceRequest&, const retrieval::Spectrum&, JobContext&);
    std::vector<retrieval::OriginTest> (*origin_tests)(const retrieval::OriginRequest&, const retrieval::Spectrum&,
                                                       JobContext&);
    retrieval::Sweep (*sweep)(const retrieval::SweepRequest&, const retrieval::Spectrum&, JobContext&);
    retrieval::Plane (*plane)(const retrieval::PlaneRequest&, const retrieval::Spectrum&, JobContext&);
    retrieval::Separation (*separation)(const retrieval::SeparationRequest&, const retrieval::Spectrum&, JobContext&);
    attention::Result (*attention_heads)(const attention::Request&, JobContext&);
    attention::Capture (*attention_capture)(const attention::CaptureRequest&, JobContext&);
    attention::Rows (*head_rows)(const attention::RowsRequest&, JobContext&);
    attention::Row (*head_row)(const attention::RowRequest&, JobContext&);
    attention::Map (*head_map)(const attention::MapRequest&, JobContext&);
    attention::GainCurves (*gain_curves)(const attention::GainRequest&, JobContext&);
    cv::Matrix (*cv_matrix)(const cv::Request&, JobContext&);
    cv::ModelResult (*cv_model)(const cv::ModelRequest&, JobContext&);
    cv::Experiment (*cv_experiment)(const cv::ExperimentRequest&, JobContext&);
    alignment::Operators (*alignment_operators)(const alignment::Request&, JobContext&);
    alignment::Comparison (*alignment_angles)(const alignment::Operators&, JobContext&);
    alignment::Matching (*alignment_match)(const alignment::MatchRequest&, JobContext&);
    residual::Result (*residual)(const residual::Request&, JobContext&);
    residual::Spectra (*residual_spectra)(const residual::Request&, JobContext&);
    jacobian::Result (*jacobian_captures)(const jacobian::CapturesRequest&, JobContext&);
    jacobian::Result (*jacobian_model)(const jacobian::Request&, JobContext&, const jacobian::MapsSink&);
    jacobian::LayerMapsPtr (*jacobian_maps)(const jacobian::MapsRequest&, JobContext&);
    jacobian::Experiment (*jacobian_experiment)(const jacobian::ExperimentRequest&, JobContext&);
    std::shared_ptr<const TextEncoder> (*open_text_encoder)(const std::filesystem::path&);
    ModelPtr (*open_language_model)(const std::filesystem::path&);
    LogitsResult (*logits)(const LogitsRequest&, JobContext&);
    std::vector<std::string> (*devices)(); ///< "cpu", then "cuda:0 · NAME" …
};

/// Loads the module beside this library on first use; thread-safe. Throws Error{resource} naming the file.
const ComputeTable& compute_module();

} // namespace attnscope

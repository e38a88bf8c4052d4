// The writers of files that belong together, into a set that appears whole or not at all. Each is the public function
// of the same result without the commit.
#pragma once

#include "files/file_writer.h"

#include <attnscope/alignment_recipe.h>
#include <attnscope/figure.h>
#include <attnscope/jacobian_experiment_recipe.h>
#include <attnscope/tensor_file.h>

#include <filesystem>
#include <map>
#include <span>
#include <string>

namespace attnscope {

/// As write_safetensors().
void add_safetensors(FileWriter& file, std::span<const TensorToWrite> tensors,
                     const std::map<std::string, std::string>& metadata);
/// As write_figure(); a script's arrays are a second file.
void add_figure(FileSet& files, const std::filesystem::path& path, const Figure& figure, const Style& style,
                double dpi);
/// As write_grams(); the eigendirections are a second file.
void add_grams(FileSet& files, const std::filesystem::path& path, const alignment::Operators& operators);
/// Where write_grams() puts the eigendirections.
std::filesystem::path written_directions(const std::filesystem::path& grams);

namespace jacobian {
/// As export_char_gpt(), into a folder that is there.
void add_char_gpt(FileSet& files, const ExperimentRequest& request, const TrainingRun& run,
                  const std::filesystem::path& folder);
} // namespace jacobian

} // namespace attnscope

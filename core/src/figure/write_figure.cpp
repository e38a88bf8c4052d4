// From a file name to bytes on the disk.
#include <attnscope/figure.h>
#include <attnscope/tensor_file.h>

#include <algorithm>

namespace attnscope {

void write_figure(const std::filesystem::path& path, const Figure& figure, const Style& style, double dpi) {
    std::string extension = path.extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); });
    if (extension == ".svg")
        write_file(path, figure_svg(figure, style));
    else if (extension == ".pdf")
        write_file(path, figure_pdf(figure, style));
    else if (extension == ".png")
        write_file(path, figure_png(figure, style, dpi));
    else if (extension == ".csv")
        write_file(path, figure_csv(figure));
    else if (extension == ".tsv")
        write_file(path, figure_csv(figure, '\t'));
    else if (extension == ".json")
        write_file(path, figure_json(figure));
    else if (extension == ".npz")
        write_file(path, figure_npz(figure));
    else if (extension == ".py") {
        const auto data = std::filesystem::path(path).replace_extension(".npz");
        write_file(data, figure_npz(figure));
        write_file(path, figure_matplotlib(figure, style, data.filename().string()));
    } else {
        throw Error{ErrorKind::usage, path.filename().string(), "a name ending in svg, pdf, png, csv, json, npz or py",
                    extension.empty() ? "no extension" : extension};
    }
}

} // namespace attnscope

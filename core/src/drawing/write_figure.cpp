// From a file name to bytes on the disk.
#include "files/file_sets.h"

#include <algorithm>

namespace attnscope {

void write_figure(const std::filesystem::path& path, const Figure& figure, const Style& style, double dpi) {
    FileSet files;
    add_figure(files, path, figure, style, dpi);
    files.commit();
}

void add_figure(FileSet& files, const std::filesystem::path& path, const Figure& figure, const Style& style,
                double dpi) {
    std::string extension = path.extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); });
    if (extension == ".svg")
        files.add(path, figure_svg(figure, style));
    else if (extension == ".pdf")
        files.add(path, figure_pdf(figure, style));
    else if (extension == ".png")
        files.add(path, figure_png(figure, style, dpi));
    else if (extension == ".csv")
        files.add(path, figure_csv(figure));
    else if (extension == ".tsv")
        files.add(path, figure_csv(figure, '\t'));
    else if (extension == ".json")
        files.add(path, figure_json(figure));
    else if (extension == ".npz")
        files.add(path, figure_npz(figure));
    else if (extension == ".py") {
        const auto data = std::filesystem::path(path).replace_extension(".npz");
        files.add(data, figure_npz(figure));
        files.add(path, figure_matplotlib(figure, style, data.filename().string()));
    } else {
        throw Error{ErrorKind::usage, path.filename().string(), "a name ending in svg, pdf, png, csv, json, npz or py",
                    extension.empty() ? "no extension" : extension};
    }
}

} // namespace attnscope

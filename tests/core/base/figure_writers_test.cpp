#include "support/error_of.h"
#include "support/figure_samples.h"
#include "support/retrieval_sample.h"
#include "support/temporary_folder.h"

#include <attnscope/tensor_file.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <png.h>
#include <pugixml.hpp>

#include <array>
#include <cstdio>
#include <cstring>
#include <sstream>

namespace attnscope {
namespace {

const char* const formats[]{"svg", "pdf", "png", "json", "npz", "py"};

std::string run(const std::string& command) {
    std::string output;
    if (FILE* pipe = popen(command.c_str(), "r")) {
        std::array<char, 4096> buffer;
        for (std::size_t got; (got = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
            output.append(buffer.data(), got);
        pclose(pipe);
    }
    return output;
}
bool has_program(const std::string& name) {
    return !run("command -v " + name + " 2>/dev/null").empty();
}

std::string text_of(const pugi::xml_node& node) {
    std::string text;
    for (const pugi::xml_node child : node.children())
        text += child.type() == pugi::node_pcdata ? child.value() : text_of(child);
    return text;
}

TEST(FigureWriters, GiveEqualBytesForEqualFigures) {
    const Style style = find_style("neurips");
    for (const Figure& figure : {test::every_element(), test::hostile_texts()}) {
        EXPECT_EQ(figure_svg(figure, style), figure_svg(figure, style));
        EXPECT_EQ(figure_pdf(figure, style), figure_pdf(figure, style));
        EXPECT_EQ(figure_png(figure, style, 150), figure_png(figure, style, 150));
        EXPECT_EQ(figure_npz(figure), figure_npz(figure));
        EXPECT_EQ(figure_json(figure), figure_json(figure));
        EXPECT_EQ(figure_matplotlib(figure, style, "a.npz"), figure_matplotlib(figure, style, "a.npz"));
    }
}

TEST(FigureWriters, CarryTheRecipeInEveryFormat) {
    const test::TemporaryFolder folder;
    for (const Figure& figure : {test::every_element(), test::hostile_texts()})
        for (const char* format : formats) {
            const auto path = folder / (std::string("figure.") + format);
            write_figure(path, figure, find_style("icml"), 72);
            EXPECT_EQ(read_recipe(path), figure.recipe) << format;
        }
}

TEST(FigureWriters, ReadTheRecipeOfAResult) {
    const test::TemporaryFolder folder;
    const auto path = folder.put("r.json", R"({"schema":"attnscope.retrieval/1","recipe":{"seed":0,"analysis":"a"}})");
    EXPECT_EQ(read_recipe(path), R"({"seed":0,"analysis":"a"})");
}

TEST(FigureWriters, SayWhenThereIsNoRecipe) {
    const test::TemporaryFolder folder;
    Figure figure = test::every_element();
    figure.recipe.clear();
    for (const char* format : formats) {
        const auto path = folder / (std::string("figure.") + format);
        write_figure(path, figure, find_style("icml"), 72);
        const auto error = test::error_of([&] { read_recipe(path); });
        ASSERT_TRUE(error) << format;
        EXPECT_EQ(error->kind, ErrorKind::input);
    }
}

TEST(FigureWriters, SurviveEveryTruncationOfTheirFiles) {
    const test::TemporaryFolder folder;
    const Figure figure = test::hostile_texts();
    for (const char* format : {"svg", "pdf", "png", "json", "py"}) {
        const auto whole = folder / (std::string("figure.") + format);
        write_figure(whole, figure, find_style("icml"), 40);
        const std::string bytes = read_file(whole);
        for (std::size_t length = 1; length < bytes.size(); length += 1 + bytes.size() / 97) {
            const auto path = folder.put("cut", std::string_view(bytes).substr(0, length));
            try {
                EXPECT_FALSE(read_recipe(path).empty());
            } catch (const Error& error) {
                EXPECT_EQ(error.kind, ErrorKind::input);
            }
        }
    }
}

TEST(FigureWriters, RefuseUnknownExtensions) {
    const test::TemporaryFolder folder;
    const auto error = test::error_of([&] { write_figure(folder / "figure.bmp", test::every_element(), Style{}); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind, ErrorKind::usage);
    EXPECT_EQ(folder.files(), 0u);
}

TEST(Svg, IsWellFormedKeepsTextAndHatchesNothingElse) {
    const test::RetrievalSample sample;
    auto figures = sample.figures();
    figures.push_back(test::every_element());
    figures.push_back(test::hostile_texts());
    for (const Figure& figure : figures) {
        pugi::xml_document document;
        const std::string svg = figure_svg(figure, find_style("neurips"));
        const auto parsed = document.load_buffer(svg.data(), svg.size());
        ASSERT_TRUE(parsed) << figure.id << ": " << parsed.description();
        EXPECT_TRUE(document.select_nodes("//script").empty());
        EXPECT_GT(document.select_nodes("//text").size(), 5u);
        for (const auto& found : document.select_nodes("//text")) EXPECT_TRUE(found.node().children("script").empty());
    }
    pugi::xml_document document;
    const std::string svg = figure_svg(test::every_element(), find_style("neurips"));
    document.load_buffer(svg.data(), svg.size());
    EXPECT_EQ(document.select_nodes("//*[@fill='url(#hatch)']/rect").size(), 1u);
    EXPECT_EQ(document.select_nodes("//image").size(), 3u)
        << "the smooth map and two colour bars; few cells are shapes";
    std::string all;
    for (const auto& found : document.select_nodes("//text")) all += text_of(found.node()) + "\n";
    for (const char* expected : {"Every element", "inverse temperature β", "H / ln n (nats)", "βc 12", "overnight"})
        EXPECT_NE(all.find(expected), std::string::npos) << expected;
    EXPECT_STREQ(document.child("svg").attribute("width").value(), "139.7mm");
}

TEST(Svg, IsDrawnByAnotherRenderer) {
    if (!has_program("rsvg-convert")) GTEST_SKIP() << "rsvg-convert is not here";
    const test::TemporaryFolder folder;
    write_figure(folder / "figure.svg", test::hostile_texts(), find_style("neurips"));
    run("rsvg-convert -o '" + (folder / "figure.png").string() + "' '" + (folder / "figure.svg").string() + "' 2>&1");
    EXPECT_TRUE(std::filesystem::exists(folder / "figure.png"));
}

TEST(Pdf, EmbedsItsFontsAndItsTextCanBeSearched) {
    if (!has_program("pdffonts") || !has_program("pdftotext")) GTEST_SKIP() << "poppler's programs are not here";
    const test::TemporaryFolder folder;
    const auto path = folder / "figure.pdf";
    write_figure(path, test::every_element(), find_style("neurips"));
    const std::string fonts = run("pdffonts '" + path.string() + "'");
    EXPECT_NE(fonts.find("Inter"), std::string::npos) << fonts;
    std::istringstream lines(fonts);
    std::string line;
    std::getline(lines, line);
    const std::size_t embedded = line.find("emb");
    std::getline(lines, line);
    int count = 0;
    while (std::getline(lines, line)) {
        EXPECT_EQ(line.substr(embedded, 3), "yes") << line;
        ++count;
    }
    EXPECT_GE(count, 2);
    const std::string text = run("pdftotext -layout '" + path.string() + "' -");
    for (const char* expected : {"Every element", "inverse temperature β", "entropy (nats)"})
        EXPECT_NE(text.find(expected), std::string::npos) << expected << "\n" << text;
    EXPECT_NE(run("pdfinfo '" + path.string() + "'").find("2000"), std::string::npos) << "a fixed date";
}

struct PngReader {
    std::string bytes;
    std::size_t at = 0;
};

TEST(Png, DecodesWithItsSizeAndResolution) {
    const Figure figure = test::every_element();
    PngReader reader{figure_png(figure, find_style("neurips"), 300)};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
    png_infop info = png_create_info_struct(png);
    png_set_read_fn(png, &reader, [](png_structp reading, png_bytep data, std::size_t length) {
        auto& from = *static_cast<PngReader*>(png_get_io_ptr(reading));
        if (length > from.bytes.size() - from.at) png_error(reading, "cut");
        std::memcpy(data, from.bytes.data() + from.at, length);
        from.at += length;
    });
    png_read_png(png, info, PNG_TRANSFORM_IDENTITY, nullptr);
    EXPECT_EQ(png_get_image_width(png, info), std::lround(139.7 / 25.4 * 300));
    EXPECT_NEAR(png_get_pixels_per_meter(png, info), 300 / 0.0254, 1);
    png_destroy_read_struct(&png, &info, nullptr);
    const Image image = figure_image(figure, find_style("neurips"), 100);
    EXPECT_EQ(image.width, 550);
    EXPECT_EQ(image.rgba.size(), 4u * image.width * image.height);
    EXPECT_EQ(image.rgba[3], 255);
}

TEST(Csv, HasARowAValueAndEmptyFieldsWhereThereIsNone) {
    const std::string csv = figure_csv(test::every_element());
    EXPECT_EQ(csv.substr(0, csv.find('\n')), "axes,series,kind,x,y,value,low,high,id,text");
    EXPECT_NE(csv.find("curves,step 1,line,5,,,,,,\n"), std::string::npos);
    EXPECT_NE(csv.find("curves,step 1,line,50,0.01,,,,,\n"), std::string::npos);
    EXPECT_NE(csv.find(",points,2,0.4,,0.3,0.5,17,\n"), std::string::npos);
    EXPECT_EQ(csv.find("nan"), std::string::npos);
    const std::string hostile = figure_csv(test::hostile_texts(), '\t');
    EXPECT_NE(hostile.find("\"\"1\"\""), std::string::npos) << "quotes are doubled";
}

TEST(Json, HasNullWhereThereIsNoValueAndTheWholeModel) {
    for (const Figure& figure : {test::every_element(), test::hostile_texts()}) {
        const auto json = nlohmann::json::parse(figure_json(figure));
        EXPECT_EQ(json["schema"], "attnscope.figure/1");
        ASSERT_EQ(json["axes"].size(), 4u);
        EXPECT_TRUE(json["axes"][0]["elements"][1]["y"][2].is_null());
        EXPECT_TRUE(json["axes"][1]["elements"][0]["values"][7].is_null());
        EXPECT_TRUE(json["recipe"].is_object());
    }
}

TEST(Npz, HoldsTheArraysTheScriptReads) {
    const test::TemporaryFolder folder;
    write_figure(folder / "figure.py", test::every_element(), find_style("neurips"));
    const auto file = open_tensor_file(folder / "figure.npz");
    const std::string script = read_file(folder / "figure.py");
    std::size_t read = 0;
    for (std::size_t at = 0; (at = script.find("data[\"", at)) != std::string::npos; ++at) {
        const std::string name = script.substr(at + 6, script.find('"', at + 6) - at - 6);
        EXPECT_NE(file->find(name), nullptr) << name;
        ++read;
    }
    EXPECT_GE(read, 10u);
    const TensorInfo* cells = file->find("axes1_0_values");
    ASSERT_NE(cells, nullptr);
    EXPECT_EQ(cells->shape, (std::vector<std::int64_t>{3, 5}));
}

TEST(Matplotlib, ScriptsAreValidPythonWhateverTheTexts) {
    if (!has_program("python3")) GTEST_SKIP() << "python3 is not here";
    const test::TemporaryFolder folder;
    write_figure(folder / "figure.py", test::hostile_texts(), find_style("neurips"));
    const std::string said = run("python3 -c \"import ast,sys; ast.parse(open('" + (folder / "figure.py").string() +
                                 "', encoding='utf-8').read()); print('fine')\" 2>&1");
    EXPECT_EQ(said, "fine\n");
}

} // namespace
} // namespace attnscope

#include "base/json_text.h"
#include "cli/commands.h"
#include "cli/inspect_file.h"
#include "cli/inspect_model.h"

#include <memory>

namespace attnscope::cli {
namespace {

namespace fs = std::filesystem;

struct InspectOptions {
    std::vector<fs::path> files;
};

std::string shape_text(const Json& shape) {
    std::string text;
    for (const Json& size : shape) text += (text.empty() ? "" : "×") + size.dump();
    return text.empty() ? "scalar" : text;
}

std::string csv(const Json& files) {
    std::string out = "file,tensor,dtype,shape,elements,bytes\n";
    const auto quoted = [](const Json& text) {
        std::string field = "\"";
        for (const char c : text.get<std::string>()) field += c == '"' ? std::string("\"\"") : std::string(1, c);
        return field + '"';
    };
    for (const Json& file : files) {
        if (!file.contains("tensors")) continue;
        for (const Json& tensor : file["tensors"]) {
            out += quoted(file["name"]) + ',' + quoted(tensor["name"]) + ',' + tensor["dtype"].get<std::string>() +
                   ',' + shape_text(tensor["shape"]) + ',' + tensor["elements"].dump() + ',' + tensor["bytes"].dump() +
                   '\n';
        }
    }
    return out;
}

std::string text(const Json& files) {
    std::string out;
    for (const Json& file : files) {
        out += file["name"].get<std::string>() + "  " + file["kind"].get<std::string>() + " (" +
               file["format"].get<std::string>() + ")";
        if (file.contains("bytes")) out += ", " + size_text(file["bytes"].get<std::uint64_t>());
        out += '\n';
        if (file.contains("bank")) {
            const Json& bank = file["bank"];
            out += "  " + bank["n"].dump() + " memories of " + bank["d"].dump() + " numbers, " + bank["texts"].dump() +
                   " texts\n";
            if (bank.contains("assumption")) out += "  " + bank["assumption"].get<std::string>() + '\n';
        }
        if (file.contains("lines")) out += "  " + file["lines"].dump() + " lines\n";
        if (file.contains("config")) out += model_text(file);
        if (file.contains("problem")) out += "  " + file["problem"].get<std::string>() + '\n';
        if (file.contains("recipe")) out += "  recipe: " + file["recipe"].dump() + '\n';
        if (!file.contains("tensors")) continue;
        for (const Json& tensor : file["tensors"]) {
            out += "  " + tensor["name"].get<std::string>() + "  " + tensor["dtype"].get<std::string>() + "  " +
                   shape_text(tensor["shape"]) + "  " + size_text(tensor["bytes"].get<std::uint64_t>()) + '\n';
        }
    }
    return out;
}

void inspect(const InspectOptions& options, Context& context) {
    context.require_format({Format::json, Format::csv, Format::text}, "inspect");
    Json files = Json::array();
    Recipe recipe;
    recipe.analysis = "inspect";
    for (const fs::path& path : options.files) {
        context.job().progress(static_cast<double>(files.size()), static_cast<double>(options.files.size()), "reading");
        files.push_back(inspect_file(path));
        const Json& file = files.back();
        recipe.inputs.push_back({"file", file["name"].get<std::string>(), file.value("sha256", std::string())});
    }
    if (context.options().format == Format::csv) return context.deliver(csv(files));
    if (context.options().format == Format::text) return context.deliver(text(files));
    const Json result = {{"files", std::move(files)}};
    context.deliver_json("attnscope.inspect/1", recipe, one_line(result), {});
}

} // namespace

Command inspect_command(CLI::App& app) {
    const auto options = std::make_shared<InspectOptions>();
    CLI::App* const command = app.add_subcommand("inspect", "what files hold: kind, tensors, shapes, types, sizes");
    command
        ->add_option_function<std::vector<std::string>>(
            "FILE",
            [options](const std::vector<std::string>& files) { options->files.assign(files.begin(), files.end()); },
            "files, or folders of models")
        ->type_name("")
        ->required();
    return {command, [options](Context& context) { inspect(*options, context); }};
}

} // namespace attnscope::cli

#include "state/command_json.h"

#include "state/view_job.h"

#include "state/jacobian_training_json.h"

#include <attnscope/cv_recipe.h>

#include <algorithm>
#include <array>

namespace attnscope::ui {

using nlohmann::json;

namespace {

[[noreturn]] void not_usable(const std::string& where, const std::string& expected, const json& got) {
    std::string shown = got.dump(-1, ' ', false, json::error_handler_t::replace);
    if (shown.size() > 60) shown = shown.substr(0, 60) + "…";
    throw Error(ErrorKind::input, where, expected, shown);
}

Value value_from_json(const json& value, const std::string& where) {
    if (value.is_boolean()) return value.get<bool>();
    if (value.is_number_integer()) return value.get<std::int64_t>();
    if (value.is_number()) return value.get<double>();
    if (value.is_string()) return value.get<std::string>();
    if (value.is_array()) {
        std::vector<double> numbers;
        for (const auto& entry : value) {
            if (!entry.is_number()) not_usable(where, "a list of numbers", value);
            numbers.push_back(entry.get<double>());
        }
        return numbers;
    }
    not_usable(where, "a truth value, number, text or list of numbers", value);
}

json direction_json(const retrieval::PlaneDirection& direction) {
    static constexpr const char* names[] = {"eigenvector", "query", "memory"};
    return {{"kind", names[static_cast<int>(direction.kind)]}, {"index", direction.index}};
}

retrieval::PlaneDirection direction_from_json(const json& object) {
    const auto kind = object.value("kind", std::string("eigenvector"));
    return {kind == "query"    ? retrieval::PlaneAxis::query
            : kind == "memory" ? retrieval::PlaneAxis::memory
                               : retrieval::PlaneAxis::eigenvector,
            object.value("index", 0)};
}

AttentionOptions attention_from_json(const json& object) {
    AttentionOptions options;
    options.colour = attention::parse_head_colour(object.value("colour", std::string("entropy")));
    options.top_one = object.value("top_one", false);
    options.every_layer = object.value("every_layer", false);
    options.without_sink = object.value("without_sink", false);
    options.renormalize = object.value("renormalize", false);
    options.chat = object.value("chat", false);
    options.whole_set = object.value("whole_set", false);
    options.beside = object.value("beside", false);
    return options;
}

json cv_json(const CvOptions& options) {
    const cv::Parameters& parameters = options.parameters;
    return {{"kind", cv_kind_name(options.kind)},
            {"activations", options.activations},
            {"points", parameters.points},
            {"samples", parameters.samples},
            {"pool", parameters.pool},
            {"exact", parameters.exact},
            {"band", {parameters.band_low, parameters.band_high}},
            {"dims", options.dims},
            {"heads", options.heads},
            {"epochs", options.epochs},
            {"seed", options.seed},
            {"group", options.group},
            {"dim", options.dim},
            {"config_heads", options.config_heads},
            {"epoch", options.epoch}};
}

CvOptions cv_from_json(const json& object, const std::string& where) {
    CvOptions options;
    cv::Parameters& parameters = options.parameters;
    options.kind = cv::parse_kind(object.value("kind", std::string("Q")));
    options.activations = object.value("activations", options.activations);
    parameters.points = object.value("points", parameters.points);
    parameters.samples = object.value("samples", parameters.samples);
    parameters.pool = object.value("pool", parameters.pool);
    parameters.exact = object.value("exact", parameters.exact);
    const auto band = object.value("band", std::vector<double>{parameters.band_low, parameters.band_high});
    if (band.size() != 2) not_usable(where + " band", "two numbers", object["band"]);
    parameters.band_low = band[0];
    parameters.band_high = band[1];
    options.dims = object.value("dims", options.dims);
    options.heads = object.value("heads", options.heads);
    options.epochs = object.value("epochs", options.epochs);
    options.seed = object.value("seed", options.seed);
    options.group = object.value("group", options.group);
    options.dim = object.value("dim", options.dim);
    options.config_heads = object.value("config_heads", options.config_heads);
    options.epoch = object.value("epoch", options.epoch);
    cv::check_experiment(experiment_request(options));
    return options;
}

json alignment_json(const AlignmentOptions& options) {
    return {{"grams", options.grams},
            {"operator", alignment::operator_name(options.kind)},
            {"directions", alignment::basis_name(options.basis)},
            {"norm_gain", options.norm_gain},
            {"topk", options.topk},
            {"anchor", options.anchor},
            {"all_heads", options.all_heads},
            {"quantity", alignment::quantity_name(options.quantity)}};
}

AlignmentOptions alignment_from_json(const json& object) {
    AlignmentOptions options;
    options.grams = object.value("grams", options.grams);
    options.kind = alignment::parse_operator(object.value("operator", std::string(alignment::operator_name(options.kind))));
    options.basis = alignment::parse_basis(object.value("directions", std::string(alignment::basis_name(options.basis))));
    options.norm_gain = object.value("norm_gain", options.norm_gain);
    options.topk = std::clamp(object.value("topk", options.topk), 1, 256);
    options.anchor = std::max(-1, object.value("anchor", options.anchor));
    options.all_heads = object.value("all_heads", options.all_heads);
    options.quantity = alignment::parse_quantity(object.value("quantity", std::string(alignment::quantity_name(options.quantity))));
    return options;
}

json residual_json(const ResidualOptions& options) {
    const residual::Parameters& parameters = options.parameters;
    json heads = json::array();
    for (const residual::HeadChoice& choice : parameters.heads) heads.push_back({choice.layer, choice.head});
    return {{"layers", parameters.layers},
            {"heads", heads},
            {"ranks", parameters.ranks},
            {"seq_len", parameters.seq_len},
            {"blocks", parameters.blocks},
            {"calibration", residual::calibration_name(parameters.calibration)},
            {"calibration_blocks", parameters.calibration_blocks},
            {"form", residual::form_name(parameters.form)},
            {"top_k", parameters.top_k},
            {"exclude_sink", parameters.exclude_sink},
            {"centred", parameters.centred},
            {"output_weighted", parameters.output_weighted},
            {"two_nn", parameters.two_nn},
            {"block", options.block},
            {"click", map_click_name(options.click)}};
}

/// Whether the model has the layers and heads is known once it is open.
ResidualOptions residual_from_json(const json& object, const std::string& where) {
    ResidualOptions options;
    residual::Parameters& parameters = options.parameters;
    const auto count = [&](const char* name, auto now, std::int64_t least, std::int64_t most) {
        const std::int64_t value = object.value(name, static_cast<std::int64_t>(now));
        if (value < least || value > most)
            not_usable(where + " " + name, std::to_string(least) + " to " + std::to_string(most), object[name]);
        return static_cast<decltype(now)>(value);
    };
    parameters.layers = object.value("layers", parameters.layers);
    parameters.ranks = object.value("ranks", parameters.ranks);
    if (object.contains("heads"))
        for (const auto& pair : object["heads"].get<std::vector<std::array<int, 2>>>())
            parameters.heads.push_back({pair[0], pair[1]});
    parameters.seq_len = count("seq_len", parameters.seq_len, 2, residual::most_blocks);
    parameters.blocks = count("blocks", parameters.blocks, 1, residual::most_blocks);
    parameters.calibration = residual::parse_calibration(object.value("calibration", std::string("heldout")));
    parameters.calibration_blocks = count("calibration_blocks", parameters.calibration_blocks, 1, residual::most_blocks);
    parameters.form = residual::parse_form(object.value("form", std::string("context")));
    parameters.top_k = count("top_k", parameters.top_k, 1, residual::most_top_k);
    parameters.exclude_sink = object.value("exclude_sink", false);
    parameters.centred = object.value("centred", false);
    parameters.output_weighted = object.value("output_weighted", false);
    parameters.two_nn = object.value("two_nn", false);
    options.block = count("block", options.block, 0, residual::most_blocks);
    options.click = parse_map_click(object.value("click", std::string("select")));
    return options;
}

constexpr std::array query_kinds{"memory", "prompt", "file", "drawing", "vector"};

}  // namespace

std::string value_text(const Value& value) {
    auto text = to_json(value).dump(-1, ' ', false, json::error_handler_t::replace);
    return text.size() > 60 ? text.substr(0, 60) + "…" : text;
}

json to_json(const Value& value) {
    return std::visit([](const auto& v) { return json(v); }, value);
}

json to_json(const Command& command) {
    json arguments = json::object();
    for (const auto& [name, value] : command.arguments) arguments[name] = to_json(value);
    return {{"command", command.id}, {"args", arguments}};
}

Command command_from_json(const json& object, const std::string& where) {
    if (!object.is_object() || !object.contains("command") || !object["command"].is_string())
        not_usable(where, "{\"command\": id, \"args\": {…}}", object);
    Command command{object["command"].get<std::string>(), {}};
    if (!object.contains("args")) return command;
    if (!object["args"].is_object()) not_usable(where + " args", "an object", object["args"]);
    for (const auto& [name, value] : object["args"].items())
        command.arguments[name] = value_from_json(value, where + " args." + name);
    return command;
}

json to_json(const View& view) {
    const Selection& s = view.selection;
    json query{{"kind", query_kinds[static_cast<std::size_t>(s.query.kind)]}, {"source", s.query.source}, {"row", s.query.row}};
    if (!s.query.drawing.empty()) query["drawing"] = s.query.drawing;
    if (!s.query.label.empty()) query["label"] = s.query.label;
    json selection{{"bank", s.bank},   {"encoder", s.encoder}, {"model", s.model},
                   {"query", query},   {"beta", s.beta},       {"gain", s.gain},
                   {"step", s.step},   {"mode", retrieval::mode_name(s.mode)},
                   {"layer", s.layer}, {"head", s.head},       {"token", s.token}, {"rank", s.rank},
                   {"capture", s.capture}, {"prompt", s.prompt}, {"text", s.text}};
    if (s.memory) selection["memory"] = *s.memory;
    json options{{"steps", view.retrieval.steps},
                 {"lambda", view.retrieval.lambda},
                 {"plane_x", direction_json(view.retrieval.plane_x)},
                 {"plane_y", direction_json(view.retrieval.plane_y)},
                 {"basins", view.retrieval.basins}};
    const AttentionOptions& a = view.attention;
    json attention{{"colour", attention::head_colour_name(a.colour)},
                   {"top_one", a.top_one},
                   {"every_layer", a.every_layer},
                   {"without_sink", a.without_sink},
                   {"renormalize", a.renormalize},
                   {"chat", a.chat},
                   {"whole_set", a.whole_set},
                   {"beside", a.beside}};
    return {{"workspace", workspace_id(view.workspace)},
            {"selection", selection},
            {"retrieval", options},
            {"attention", attention},
            {"cv", cv_json(view.cv)},
            {"alignment", alignment_json(view.alignment)},
            {"residual", residual_json(view.residual)},
            {"training", jacobian_training_json(view.training)},
            {"jacobian",
             {{"metric", jacobian::metric_name(view.jacobian.metric)},
              {"length", view.jacobian.length},
              {"blocks", view.jacobian.blocks}}},
            {"open_panels", view.open_panels},
            {"outlined_panel", view.outlined_panel}};
}

View view_from_json(const json& object, const std::string& where) {
    if (!object.is_object()) not_usable(where, "an object", object);
    View view;
    try {
        const json none = json::object();
        view.workspace = parse_workspace(object.value("workspace", std::string("retrieval")));
        const json& s = object.contains("selection") ? object["selection"] : none;
        Selection& to = view.selection;
        to.bank = s.value("bank", SourceId{0});
        to.encoder = s.value("encoder", SourceId{0});
        to.model = s.value("model", SourceId{0});
        to.beta = s.value("beta", to.beta);
        to.gain = s.value("gain", to.gain);
        to.step = s.value("step", to.step);
        to.mode = retrieval::parse_mode(s.value("mode", std::string("centered")));
        to.gain = std::clamp(to.gain, 0.125, 64.0);
        to.layer = std::max(0, s.value("layer", 0));
        to.head = std::max(0, s.value("head", 0));
        to.token = s.value("token", -1);
        to.capture = s.value("capture", SourceId{0});
        to.prompt = s.value("prompt", SourceId{0});
        to.text = s.value("text", 0);
        to.rank = s.value("rank", to.rank);
        if (s.contains("memory")) to.memory = s["memory"].get<std::uint32_t>();
        if (s.contains("query")) {
            const json& query = s["query"];
            const auto kind = query.value("kind", std::string("memory"));
            for (std::size_t i = 0; i < query_kinds.size(); ++i)
                if (kind == query_kinds[i]) to.query.kind = static_cast<QueryChoice::Kind>(i);
            to.query.source = query.value("source", SourceId{0});
            to.query.row = query.value("row", std::size_t{0});
            to.query.drawing = query.value("drawing", std::vector<float>{});
            to.query.label = query.value("label", std::string());
        }
        const json& o = object.contains("retrieval") ? object["retrieval"] : none;
        view.retrieval.steps = o.value("steps", view.retrieval.steps);
        view.retrieval.lambda = o.value("lambda", view.retrieval.lambda);
        view.retrieval.basins = o.value("basins", view.retrieval.basins);
        if (o.contains("plane_x")) view.retrieval.plane_x = direction_from_json(o["plane_x"]);
        if (o.contains("plane_y")) view.retrieval.plane_y = direction_from_json(o["plane_y"]);
        if (object.contains("attention")) view.attention = attention_from_json(object["attention"]);
        if (object.contains("alignment")) view.alignment = alignment_from_json(object["alignment"]);
        if (object.contains("residual"))
            view.residual = residual_from_json(object["residual"], where + " residual");
        if (object.contains("cv")) view.cv = cv_from_json(object["cv"], where + " cv");
        if (object.contains("training")) view.training = jacobian_training_from_json(object["training"]);
        if (object.contains("jacobian")) {
            const json& options = object["jacobian"];
            JacobianOptions& into = view.jacobian;
            into.metric = jacobian::parse_metric(
                options.value("metric", std::string(jacobian::metric_name(into.metric))));
            into.length = std::max(1, options.value("length", into.length));
            into.blocks = std::max(1, options.value("blocks", into.blocks));
        }
        view.open_panels = object.value("open_panels", view.open_panels);
        view.outlined_panel = object.value("outlined_panel", view.outlined_panel);
    } catch (const json::exception& failed) {
        throw Error(ErrorKind::input, where, "a view", failed.what());
    }
    return view;
}

}  // namespace attnscope::ui

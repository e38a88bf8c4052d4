// What the services write: banks of embedded texts, sessions, figures.
#include "base/build_id.h"
#include "base/kept_file.h"
#include "files/model_inputs.h"
#include "state/services_impl.h"
#include "state/session.h"
#include "state/view_recipe.h"
#include "state/written_paths.h"

#include <attnscope/tensor_file.h>

namespace attnscope::ui {

namespace fs = std::filesystem;

void Services::embed_texts(AppState& state, const fs::path& path) {
    const auto encoder = state.encoder();
    if (!encoder) throw Error(ErrorKind::usage, "encoder", "an open encoder to embed with", "none");
    Source& source = impl_->add_path(state, SourceKind::bank, path);
    source.name = path.stem().string();
    const SourceId id = source.id;
    impl_->select_when_loaded.insert(id);
    JobSystem::Task task;
    task.name = "Embedding " + path.filename().string();
    task.lane = Lane::batch;
    task.loses_work = true;
    const auto work = [this, encoder, path, id](JobContext& context) -> Inbox::Change {
        const BytesDone between = context.between_reads();
        const auto lines = read_rows(path);
        context.checkpoint();
        if (lines.empty()) throw Error(ErrorKind::input, path.filename().string(), "at least one line", "none");
        std::vector<std::string> texts;
        for (const auto& line : lines) {
            const auto tab = line.find('\t');
            texts.push_back(tab == std::string::npos ? line : line.substr(tab + 1));
        }
        const fs::path folder = cache_folder() / "banks";
        std::error_code failed;
        fs::create_directories(folder, failed);
        const std::string texts_hash = sha256_file(path, between);
        const fs::path out = folder / (path.stem().string() + "-" + texts_hash.substr(0, 12) + ".safetensors");
        const std::string key = arithmetic_key() + " " + encoder->sha256(between) + " " + texts_hash;
        if (!is_kept(out, key, between)) {
            embed_to_file(*encoder, lines, texts, out, context);
            keep_file(out, key);
        }
        LoadRequest request;
        request.path = out;
        auto loaded = std::make_shared<Loaded>(load_source(request, context));
        return [this, id, out, loaded](AppState& now) {
            if (Source* made = now.find(id)) made->path = out;
            impl_->finish(now, id, *loaded);
        };
    };
    impl_->submit(std::move(task), work, source);
}

void Services::save_session(AppState& state, const fs::path& path) {
    refuse_source_file(state, path);
    state.session_path = path;
    JobSystem::Task task;
    task.name = "Saving the session";
    task.lane = Lane::files;
    task.loses_work = true;
    const auto to = impl_->inbox;
    // A copy: sources are shared, and what is saved is what was seen when it was asked for.
    task.run = [to, path, copy = std::make_shared<const AppState>(state), history = impl_->get_history(),
                device = jobs_.device()](JobContext& context) {
        const BytesDone between = context.between_reads();
        std::map<SourceId, std::string> hashes;
        for (const Source& source : copy->sources) {
            if (source.bank && !source.path.empty()) hashes[source.id] = source.bank->sha256(between);
            if (source.encoder) hashes[source.id] = source.encoder->sha256(between);
            if (source.model) {
                hash_model(*source.model, context);
                hashes[source.id] = source.model->sha256();
            }
        }
        write_file(path, session_json(*copy, hashes, history, device));
        to->post([path](AppState& now) {
            remember(now.preferences, path);
            now.notify("Saved " + path.filename().string());
        });
    };
    task.failed = [to](const Error& error) { to->post([error](AppState& now) { now.notify(error.what(), true); }); };
    jobs_.submit(std::move(task));
}

void Services::open_session(AppState& state, const fs::path& path) {
    show_session(state, path, read_session(path));
}

void Services::show_session(AppState& state, const fs::path& path, const Session& session) {
    ++impl_->session;
    for (const auto& [id, load] : impl_->loads) jobs_.withdraw(load.job);
    impl_->loads.clear();
    impl_->expected_hashes.clear();
    impl_->select_when_loaded.clear();
    impl_->wanted_zooms.clear();
    state.sources.clear();
    state.locate_source = 0;
    state.help_panel.clear();
    state.export_panel.clear();
    for (const auto& saved : session.sources) {
        Source source = saved.source;
        state.next_source_id = std::max(state.next_source_id, source.id + 1);
        if (saved.letters) source.bank = letters_bank();
        if (source.bank) source.detail = bank_detail(*source.bank);
        if (!saved.sha256.empty()) impl_->expected_hashes[source.id] = saved.sha256;
        state.sources.push_back(std::move(source));
    }
    state.view = session.view;
    if (session.device) impl_->compute_on(state, *session.device);
    state.pinned = session.pinned;
    state.playback = session.playback;
    restore_references(state);
    state.session_path = path;
    if (!session.layout.empty()) {
        state.layout = session.layout;
        state.layout_load_wanted = true;
    }
    for (Source& source : state.sources)
        if (!source.path.empty() && !source.bank) impl_->load(state, source, source.kind == SourceKind::model);
    impl_->set_history(session.history);
    remember(state.preferences, path);
}

void Services::restore_references(AppState& state) {
    const SourceKinds open = source_kinds(state);
    const auto check = [&](View& view) {
        for (const std::string& missing : forget_missing(view, open))
            state.notify("The session shows " + missing + ", which is not among its sources", true);
        std::erase_if(view.open_panels, [this](const std::string& id) { return !is_panel(id); });
        if (!is_panel(view.outlined_panel)) view.outlined_panel.clear();
    };
    check(state.view);
    if (state.pinned) check(state.pinned->view);
}

void Services::set_panels(std::function<bool(const std::string&)> known) {
    impl_->is_panel = std::move(known);
}
bool Services::is_panel(const std::string& id) const {
    return impl_->is_panel(id);
}

void Services::set_history(std::function<History()> get, std::function<void(History)> set) {
    impl_->get_history = std::move(get);
    impl_->set_history = std::move(set);
}

ShownFigure Services::shown(const std::string& panel_id) {
    auto shown = impl_->figure_source ? impl_->figure_source(panel_id) : std::nullopt;
    if (!shown) throw Error(ErrorKind::usage, panel_id, "a panel that shows a result", "none");
    return *std::move(shown);
}

void Services::set_figure_source(std::function<std::optional<ShownFigure>(const std::string&)> source) {
    impl_->figure_source = std::move(source);
}

void Services::want_zoom(const std::string& panel_id, const Zoom& zoom) {
    auto& wanted = impl_->wanted_zooms[panel_id];
    // The last one of a plot is the one that is wanted, however long its panel is out of sight.
    std::erase_if(wanted, [&](const Zoom& other) { return other.axes == zoom.axes; });
    wanted.push_back(zoom);
}

std::vector<Zoom> Services::take_zoom(const std::string& panel_id) {
    const auto wanted = impl_->wanted_zooms.extract(panel_id);
    return wanted ? wanted.mapped() : std::vector<Zoom>{};
}

void Services::export_figure(AppState& state, const FigureSpec& written, const fs::path& path, bool with_recipe) {
    refuse_source_file(state, path);
    ShownFigure seen = shown(written.panel);
    Style style = find_style(written.style);
    if (written.width_mm > 0) style.width_mm = written.width_mm;
    auto recipe = with_recipe ? view_recipe(state, *this, written.panel, seen) : std::nullopt;
    FigureSpec named = written;
    named.style = style.name.empty() ? fs::path(written.style).filename().string() : style.name;
    JobSystem::Task task;
    task.name = "Writing " + path.filename().string();
    task.lane = Lane::files;
    task.loses_work = true;
    const auto to = impl_->inbox;
    task.run = [to, path, named = std::move(named), drawn = std::move(seen.figure), recipe = std::move(recipe),
                style = std::move(style)](JobContext&) mutable {
        if (recipe) drawn.recipe = (*recipe)(named);
        write_figure(path, drawn, style, named.dpi);
        to->post([path](AppState& now) { now.notify("Wrote " + path.string()); });
    };
    task.failed = [to](const Error& error) { to->post([error](AppState& now) { now.notify(error.what(), true); }); };
    jobs_.submit(std::move(task));
    state.export_panel.clear();
}

void Services::copy_recipe(AppState& state, const std::string& panel_id) {
    const ShownFigure seen = shown(panel_id);
    const std::string title = seen.figure.title;
    auto recipe = view_recipe(state, *this, panel_id, seen);
    if (!recipe)
        throw Error(ErrorKind::usage, title, "inputs that are files",
                    "one made in this window, which no recipe can name");
    const auto to = impl_->inbox;
    JobSystem::Task task;
    task.name = "Recipe of " + title;
    task.lane = Lane::files;
    FigureSpec written;
    written.panel = panel_id;
    task.run = [this, to, title, recipe = std::move(*recipe), written](JobContext&) {
        to->post([this, title, text = recipe(written)](AppState& now) {
            copy(text);
            now.notify("Copied the recipe of " + title);
        });
    };
    task.failed = [to](const Error& error) { to->post([error](AppState& now) { now.notify(error.what(), true); }); };
    jobs_.submit(std::move(task));
}

void Services::copy(const std::string& text) {
    impl_->clipboard(text);
}
void Services::set_clipboard(std::function<void(const std::string&)> clipboard) {
    impl_->clipboard = std::move(clipboard);
}

} // namespace attnscope::ui

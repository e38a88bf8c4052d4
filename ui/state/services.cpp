// Sources: opening, loading on a worker, what is selected when they arrive.
#include "state/services_impl.h"

#include <attnscope/failure.h>

namespace attnscope::ui {

namespace fs = std::filesystem;

namespace {

constexpr const char* example_prompt = "a small animal that hunts at night";
constexpr std::size_t prompts_per_file = 12, recent_kept = 12;

/// A letter with its right half erased: what the bank then completes.
std::vector<float> half_erased(const Bank& bank, std::size_t row) {
    const auto values = bank.row(row);
    float largest = 0;
    for (const float value : values) largest = std::max(largest, std::abs(value));
    std::vector<float> drawing(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        const bool erased =
            static_cast<int>(i % static_cast<std::size_t>(bank.picture_width)) >= bank.picture_width / 2;
        drawing[i] = erased || largest == 0 ? -1 : values[i] / largest;
    }
    return drawing;
}

std::string shortened(const std::string& text) {
    constexpr std::size_t limit = 80;
    if (text.size() <= limit) return text;
    std::size_t end = limit;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    return text.substr(0, end) + "…";
}

} // namespace

void remember(Preferences& preferences, const fs::path& path) {
    std::error_code failed;
    const fs::path whole = fs::absolute(path, failed);
    std::erase(preferences.recent, whole);
    preferences.recent.insert(preferences.recent.begin(), whole);
    if (preferences.recent.size() > recent_kept) preferences.recent.resize(recent_kept);
}

void Services::Impl::submit(JobSystem::Task task, std::function<Change(JobContext&)> work, Source& source) {
    const auto to = inbox;
    JobSystem& system = jobs;
    const SourceId id = source.id;
    const std::uint64_t ticket = ++last_ticket;
    source.loading = true;
    source.error.reset();
    source.progress = {};
    const auto fail = [this, id, ticket](AppState& state, const Error& error) {
        if (Source* row = state.find(id); row && awaits(id, ticket)) row->error = error;
        state.notify(error.what(), true);
    };
    task.run = [this, to, work = std::move(work), fail, id, ticket, name = source.name](JobContext& context) {
        to->post([this, change = work(context), fail, id, ticket, name](AppState& state) {
            if (!awaits(id, ticket)) return;
            if (const auto failure = failure_of(name, [&] { change(state); })) fail(state, *failure);
        });
    };
    task.failed = [this, to, fail, id, ticket](const Error& error) {
        to->post([this, fail, error, id, ticket](AppState& state) {
            if (awaits(id, ticket)) fail(state, error);
        });
    };
    task.cancelled = [this, to, id, ticket, name = task.name] {
        to->post([this, id, ticket, name](AppState& state) {
            if (Source* row = state.find(id); row && awaits(id, ticket) && row->loading)
                row->error = Error(ErrorKind::usage, name, "the end", "a cancel");
        });
    };
    task.ended = [this, to, id, ticket, &system] {
        to->post([this, id, ticket](AppState& state) {
            if (!awaits(id, ticket)) return;
            if (Source* row = state.find(id)) row->loading = false;
            loads.erase(id);
        });
        system.wake();
    };
    drop_load(id);
    loads[id] = {ticket, jobs.submit(std::move(task))};
}

void Services::Impl::drop_load(SourceId id) {
    if (const auto load = loads.extract(id)) jobs.withdraw(load.mapped().job);
}

void Services::Impl::load(AppState& state, Source& source, bool kind_chosen) {
    LoadRequest request;
    request.path = source.path;
    request.kind = source.kind;
    request.kind_chosen = kind_chosen;
    if (const auto hash = expected_hashes.find(source.id); hash != expected_hashes.end()) request.sha256 = hash->second;
    if (const auto bank = state.bank()) {
        request.selected_d = bank->d;
        request.selected_n = bank->n;
    }
    request.recipe_folders.push_back(source.path.parent_path());
    for (const auto& path : state.preferences.recent) request.recipe_folders.push_back(path.parent_path());
    const Samples samples = find_samples();
    for (const auto& path : {samples.bank, samples.encoder, samples.model})
        if (!path.empty()) request.recipe_folders.push_back(path.parent_path());
    JobSystem::Task task;
    task.name = "Opening " + source.name;
    task.lane = Lane::files;
    const auto work = [this, request, id = source.id](JobContext& context) -> Change {
        auto loaded = std::make_shared<Loaded>(load_source(request, context));
        return [this, id, loaded](AppState& state) { finish(state, id, *loaded); };
    };
    submit(std::move(task), work, source);
}

void Services::Impl::finish_prompts(AppState& state, SourceId id, const Loaded& loaded) {
    const auto shown = std::min(loaded.prompts.size(), prompts_per_file);
    const fs::path path = state.find(id)->path;
    for (std::size_t i = 0; i < shown; ++i) {
        Source& prompt = i == 0 ? *state.find(id) : add(state, SourceKind::prompt, "");
        prompt.prompt = loaded.prompts[i];
        prompt.name = shortened(loaded.prompts[i]);
        // One line is one prompt; the file as a whole is remembered by the recent list.
        prompt.path.clear();
        prompt.detail = path.filename().string() + " line " + std::to_string(i + 1);
    }
    if (shown < loaded.prompts.size())
        state.notify("Took the first " + std::to_string(shown) + " of " + grouped(loaded.prompts.size()) +
                     " lines as prompts; “Embed a text file as a bank” makes memories of all");
    if (select_when_loaded.erase(id) && state.bank() && state.bank()->picture_width == 0)
        state.view.selection.query = {QueryChoice::Kind::prompt, id, 0, {}};
}

void Services::Impl::finish_result(AppState& state, const RetrievalJob& job) {
    enter(state, Workspace::retrieval);
    const SourceId bank = job.letters ? letters(state) : open_once(state, SourceKind::bank, job.bank);
    Selection& selection = state.view.selection;
    selection.bank = bank;
    selection.beta = job.beta;
    selection.step = std::clamp(job.step, 0, job.request.steps);
    selection.memory.reset();
    if (!job.request.modes.empty()) selection.mode = job.request.modes.front();
    RetrievalOptions& options = state.view.retrieval;
    options.steps = job.request.steps;
    options.lambda = job.request.lambda;
    options.plane_x = job.request.plane_x;
    options.plane_y = job.request.plane_y;
    options.basins = job.request.basins;
    const QuerySpec& queries = job.queries;
    const std::size_t row = queries.rows.empty() ? 0 : queries.rows.front();
    switch (queries.kind) {
    case QuerySpec::Kind::rows: selection.query = {QueryChoice::Kind::memory, 0, row, {}}; break;
    case QuerySpec::Kind::file:
        selection.query = {QueryChoice::Kind::file, open_once(state, SourceKind::queries, queries.file), row, {}};
        break;
    case QuerySpec::Kind::questions:
    case QuerySpec::Kind::text: {
        if (!queries.encoder.empty()) selection.encoder = open_once(state, SourceKind::encoder, queries.encoder);
        const std::string text = queries.texts.empty() ? "" : queries.texts.front();
        Source& prompt = add(state, SourceKind::prompt, shortened(text));
        prompt.prompt = text;
        selection.query = {QueryChoice::Kind::prompt, prompt.id, 0, {}};
        break;
    }
    case QuerySpec::Kind::values:
        if (!queries.values.empty()) selection.query = {QueryChoice::Kind::drawing, 0, 0, queries.values.front()};
        break;
    }
    show_figure(state, job.figure);
}

void Services::Impl::show_figure(AppState& state, const std::optional<FigureSpec>& figure) {
    if (!figure) return;
    for (const Zoom& zoom : figure->zoom) wanted_zooms[figure->panel].push_back(zoom);
    state.view.open_panels.insert(figure->panel);
    state.focus_panel = figure->panel;
}

bool Services::Impl::finish_view(AppState& state, SourceId id, const Loaded& loaded) {
    if (loaded.job)
        finish_result(state, *loaded.job);
    else if (loaded.attention_job)
        finish_attention_result(state, *loaded.attention_job);
    else if (loaded.alignment_job)
        finish_alignment_result(state, *loaded.alignment_job);
    else if (loaded.cv_job)
        finish_cv_result(state, *loaded.cv_job);
    else if (loaded.residual_job)
        finish_residual_result(state, *loaded.residual_job);
    else if (loaded.jacobian_job)
        finish_jacobian_result(state, *loaded.jacobian_job);
    else if (loaded.cv_experiment)
        finish_experiment(state, id, *loaded.cv_experiment);
    else if (loaded.training)
        finish_training(state, id, *loaded.training);
    else
        return false;
    // Trainings have a seed of their own.
    if (!loaded.cv_experiment && !loaded.training) state.view.seed = loaded.seed;
    return true;
}

void Services::Impl::compute_on(AppState& state, const Device& device) {
    // A session from another machine may name a device that is not here.
    const auto named = [name = device.name()](const std::string& known) {
        return known == name || known.starts_with(name + " ");
    };
    if (device.kind == Device::Kind::cuda && state.devices_asked && std::ranges::none_of(state.devices, named))
        return state.notify(device.name() + " is not here: computing on " + jobs.device().name());
    jobs.set_device(device);
}

void Services::Impl::finish_state(AppState& state, SourceId id, const Loaded& loaded) {
    const std::string name = state.find(id)->name;
    if (loaded.pinned) {
        // A is a view like any other until the one beside it is back.
        const View before = state.view;
        const auto zooms = wanted_zooms;
        const std::size_t notices = state.notices.size();
        finish_view(state, id, *loaded.pinned);
        state.pinned = Pin{"A of " + name, state.view};
        state.view = before;
        state.notices.resize(notices);
        wanted_zooms = zooms;
    }
    const bool run = loaded.cv_experiment || loaded.training; // which say more
    if (!finish_view(state, id, loaded)) return;
    if (loaded.device) compute_on(state, *loaded.device);
    if (loaded.pinned) state.view.attention.beside = loaded.beside;
    if (!run) state.notify("Opened the state of " + name);
}

void Services::Impl::finish(AppState& state, SourceId id, const Loaded& loaded) {
    Source* source = state.find(id);
    if (!source) return; // unloaded meanwhile
    remember(state.preferences, source->path);
    if (loaded.session) {
        const fs::path path = source->path;
        // The row of the file is not one of the session's sources.
        loads.erase(id);
        std::erase_if(state.sources, [id](const Source& s) { return s.id == id; });
        show_session(state, path, *loaded.session);
        return;
    }
    source->kind = loaded.kind;
    source->detail = loaded.detail;
    source->bank = loaded.bank;
    source->encoder = loaded.encoder;
    source->model = loaded.model;
    source->captures = loaded.captures;
    source->texts = loaded.texts;
    source->queries = loaded.queries;
    source->grams = loaded.grams;
    source->companion = loaded.companion;
    source->error.reset();
    if (!loaded.warning.empty()) state.notify(loaded.warning, true);
    Selection& selection = state.view.selection;
    if (loaded.bank) {
        if (select_when_loaded.erase(id)) {
            if (selection.bank != id) select_bank(state, id);
            enter(state, Workspace::retrieval);
        }
        // Chosen while it was loading: only now is it known what it can be asked.
        else if (selection.bank == id && selection.query == QueryChoice{})
            selection.query = default_query(state, id);
    }
    if (loaded.encoder && (select_when_loaded.erase(id) || selection.encoder == 0)) selection.encoder = id;
    if (loaded.queries && select_when_loaded.erase(id)) selection.query = {QueryChoice::Kind::file, id, 0, {}};
    if (loaded.model && select_when_loaded.erase(id)) {
        select_model(state, id);
        state.view.alignment.grams = 0;
        enter(state, reads_models(state.view.workspace) ? state.view.workspace : Workspace::attention);
    }
    if (loaded.captures && select_when_loaded.erase(id)) {
        selection.capture = id;
        enter(state, Workspace::jacobian);
    }
    if (loaded.texts && select_when_loaded.erase(id)) {
        selection.prompt = id;
        selection.text = 0;
    }
    if (loaded.kind == SourceKind::prompt) finish_prompts(state, id, loaded);
    if (loaded.grams && select_when_loaded.erase(id)) {
        state.view.alignment.grams = id;
        enter(state, Workspace::alignment);
    }
    finish_state(state, id, loaded);
}

Services::Services(JobSystem& jobs)
    : jobs_(jobs), retrieval_(std::make_unique<RetrievalSlots>(jobs)),
      attention_(std::make_unique<AttentionSlots>(jobs)), experiment_(std::make_unique<ExperimentRun>(jobs)),
      cv_(std::make_unique<CvSlots>(jobs, *experiment_)), alignment_(std::make_unique<AlignmentSlots>(jobs)),
      jacobian_(std::make_unique<JacobianSlots>(jobs)), training_run_(std::make_unique<JacobianExperimentRun>(jobs)),
      training_(std::make_unique<JacobianTraining>(jobs, *training_run_)), sweeps_(std::make_unique<ResidualRun>(jobs)),
      residual_(std::make_unique<ResidualSlots>(jobs, *sweeps_)), pinned_(jobs, *experiment_, *sweeps_, *training_run_),
      impl_(std::make_unique<Impl>(jobs)) {
    impl_->show_session = [this](AppState& state, const fs::path& path, const Session& session) {
        show_session(state, path, session);
    };
    impl_->select_bank = [this](AppState& state, SourceId id) { select_bank(state, id); };
    impl_->select_model = [this](AppState& state, SourceId id) { select_model(state, id); };
    impl_->add_prompt = [this](AppState& state, std::string text) { return add_prompt(state, std::move(text)); };
    impl_->enter = [this](AppState& state, Workspace workspace) { enter(state, workspace); };
    impl_->keep_experiment = [this](const cv::ExperimentRequest& request, cv::ExperimentPtr experiment) {
        experiment_->keep(request, std::move(experiment));
    };
    impl_->keep_training = [this](const jacobian::ExperimentRequest& request, jacobian::ExperimentPtr experiment) {
        training_run_->keep(request, std::move(experiment));
    };
    impl_->default_query = [this](AppState& state, SourceId bank) { return default_query(state, bank); };
}
Services::~Services() = default;

SourceId Services::open(AppState& state, const fs::path& path) {
    SourceKind kind = guess_kind(path);
    // Where models read, a file of lines is one set of texts; where banks are asked, every line is a query.
    if (kind == SourceKind::prompt && reads_models(state.view.workspace)) kind = SourceKind::texts;
    Source& source = impl_->add_path(state, kind, path);
    impl_->select_when_loaded.insert(source.id);
    impl_->load(state, source);
    return source.id;
}

SourceId Services::open_as_model(AppState& state, const fs::path& path) {
    Source& source = impl_->add_path(state, SourceKind::model, path);
    impl_->select_when_loaded.insert(source.id);
    impl_->load(state, source, true);
    return source.id;
}

SourceId Services::add_bank(AppState& state, std::shared_ptr<const Bank> bank) {
    Source& source = impl_->add(state, SourceKind::bank, bank->name);
    source.detail = bank_detail(*bank);
    source.bank = std::move(bank);
    return source.id;
}

SourceId Services::add_prompt(AppState& state, std::string text) {
    Source& source = impl_->add(state, SourceKind::prompt, shortened(text));
    source.prompt = std::move(text);
    return source.id;
}

void Services::unload(AppState& state, SourceId id) {
    impl_->drop_load(id);
    impl_->select_when_loaded.erase(id);
    impl_->expected_hashes.erase(id);
    std::erase_if(state.sources, [id](const Source& source) { return source.id == id; });
    Selection& selection = state.view.selection;
    const auto first = [&](SourceKind kind) -> SourceId {
        for (const Source& source : state.sources)
            if (source.kind == kind && !source.error) return source.id;
        return 0;
    };
    if (selection.model == id) selection.model = 0;
    if (selection.capture == id) selection.capture = 0;
    if (state.view.alignment.grams == id) state.view.alignment.grams = 0;
    if (state.locate_source == id) state.locate_source = 0;
    if (selection.prompt == id) {
        selection.prompt = first(SourceKind::prompt);
        selection.text = 0;
    }
    if (selection.encoder == id) selection.encoder = first(SourceKind::encoder);
    if (selection.query.source == id) selection.query = default_query(state, selection.bank);
    if (selection.bank == id) {
        selection.bank = 0;
        if (const SourceId other = first(SourceKind::bank)) impl_->select_bank(state, other);
    }
}

void Services::retry(AppState& state, SourceId id) {
    Source* source = state.find(id);
    if (source && !source->path.empty() && !source->loading) impl_->load(state, *source, source->model != nullptr);
}

void Services::locate(AppState& state, SourceId id, const fs::path& path) {
    Source* source = state.find(id);
    if (!source) return;
    source->path = path;
    // What is still loading is what was where it is no more.
    impl_->drop_load(id);
    source->loading = false;
    retry(state, id);
}

SourceId Services::Impl::open_once(AppState& state, SourceKind kind, const fs::path& path) {
    for (const Source& source : state.sources)
        if (source.kind == kind && source.path == path) return source.id;
    if (path.empty()) return 0;
    Source& source = add_path(state, kind, path);
    load(state, source);
    return source.id;
}

SourceId Services::Impl::letters(AppState& state) {
    const auto bank = letters_bank();
    for (const Source& source : state.sources)
        if (source.bank && source.path.empty() && source.bank->name == bank->name) return source.id;
    Source& source = add(state, SourceKind::bank, bank->name);
    source.detail = bank_detail(*bank);
    source.bank = bank;
    return source.id;
}

SourceId Services::open_companions(AppState& state) {
    if (const SourceId encoder = impl_->open_once(state, SourceKind::encoder, find_samples().encoder);
        encoder && !state.view.selection.encoder)
        state.view.selection.encoder = encoder;
    return impl_->letters(state);
}

void Services::open_sample(AppState& state) {
    if (reads_models(state.view.workspace)) {
        const SourceId model = impl_->open_once(state, SourceKind::model, find_samples().model);
        if (model)
            select_model(state, model);
        else
            state.notify("No sample model is there: set-up makes one", true);
        return enter(state, state.view.workspace);
    }
    const SourceId bank = impl_->open_once(state, SourceKind::bank, find_samples().bank);
    // The bank's default query is a typed one only if there is an encoder to embed it.
    const SourceId letters = open_companions(state);
    impl_->select_bank(state, bank ? bank : letters);
}

void Services::select_bank(AppState& state, SourceId id) {
    Selection& selection = state.view.selection;
    selection.bank = id;
    selection.beta = 0;
    selection.memory.reset();
    selection.query = default_query(state, id);
    state.view.retrieval.plane_x = {retrieval::PlaneAxis::eigenvector, 0};
    state.view.retrieval.plane_y = {retrieval::PlaneAxis::query, 0};
    const auto bank = state.bank();
    const char* const shows = bank && bank->picture_width > 0 ? "retrieval.letters" : "retrieval.weights";
    if (bank && state.view.open_panels.contains(shows)) state.focus_panel = shows;
}

QueryChoice Services::default_query(AppState& state, SourceId id) {
    const Source* source = state.find(id);
    const auto bank = source ? source->bank : nullptr;
    if (bank && bank->picture_width > 0) return {QueryChoice::Kind::drawing, 0, 0, half_erased(*bank, 0)};
    const Source* encoder = state.find(state.view.selection.encoder);
    const bool fits =
        encoder && !encoder->error && (!encoder->encoder || !bank || encoder->encoder->dimension() == bank->d);
    if (!fits) return {};
    for (const Source& other : state.sources)
        if (other.kind == SourceKind::prompt && !other.prompt.empty())
            return {QueryChoice::Kind::prompt, other.id, 0, {}};
    return {QueryChoice::Kind::prompt, add_prompt(state, example_prompt), 0, {}};
}

void Services::post(std::function<void(AppState&)> change) {
    impl_->inbox->post(std::move(change));
    jobs_.wake();
}

bool Services::update(AppState& state) {
    const bool changed = impl_->inbox->drain(state);
    if (!impl_->loads.empty()) {
        const auto running = jobs_.jobs();
        for (const auto& [id, load] : impl_->loads) {
            Source* source = state.find(id);
            const auto job = std::ranges::find(running, load.job, &JobStatus::id);
            if (source && job != running.end()) source->progress = job->progress;
        }
    }
    // A bank that could not be loaded does not leave the window without one.
    const Source* chosen = state.bank_source();
    if (chosen && chosen->error && !chosen->bank) {
        for (const Source& source : state.sources)
            if (source.bank && source.id != chosen->id) {
                impl_->select_bank(state, source.id);
                return true;
            }
    }
    if (!state.model_source() && state.view.selection.model != 0) state.view.selection.model = 0;
    if (!chosen && state.view.selection.bank != 0) state.view.selection.bank = 0;
    return changed;
}

void Services::begin_frame(AppState& state) {
    const auto begin = [&state](const char* name, const std::function<void()>& slots) {
        if (const auto failure = failure_of(name, slots)) state.notify(failure->what(), true);
    };
    begin("retrieval", [&] { retrieval_->begin_frame(state); });
    begin("attention", [&] { attention_->begin_frame(state); });
    begin("CV bands", [&] { cv_->begin_frame(state, attention_->read()); });
    begin("alignment", [&] { alignment_->begin_frame(state); });
    begin("residuals", [&] { residual_->begin_frame(state); });
    begin("training", [&] { training_->begin_frame(state); });
    begin("softmax gradient", [&] { jacobian_->begin_frame(state, attention_->read()); });
    begin("pinned view", [&] { pinned_.begin_frame(state); });
}

bool Services::settled(const AppState& state) const {
    const bool loading =
        std::any_of(state.sources.begin(), state.sources.end(), [](const Source& source) { return source.loading; });
    return !loading && impl_->inbox->empty() && retrieval_->settled() && attention_->settled() && cv_->settled() &&
           residual_->settled() && alignment_->settled() && training_->settled() && jacobian_->settled() &&
           pinned_.settled() && jobs_.idle();
}

} // namespace attnscope::ui

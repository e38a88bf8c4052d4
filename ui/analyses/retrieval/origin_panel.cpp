#include "ui/analyses/retrieval/origin_panel.h"

namespace attnscope::ui {

PanelHelp RetrievalOriginPanel::help() const {
    return {
        "The centred map started at distance ε from the centroid along the first mode, at three β of its own. Below "
        "β_c the state returns; above, its distance grows by about β λ₁ a step until it passes ten times ε: "
        "escaped.",
        "‖q_(t+1)‖ / ‖q_t‖ ≈ β λ₁ near the centroid",
        "Linearisation of the update of Ramsauer et al. 2021, arXiv:2008.02217, at the mean"};
}

RetrievalPanel::Answer RetrievalOriginPanel::ask(RetrievalSlots& slots) {
    Answer answer;
    const auto spectrum = slots.spectrum();
    const auto tests = slots.origin();
    answer.add(spectrum);
    answer.add(tests);
    spectrum_ = spectrum.result;
    tests_ = tests.result;
    return answer;
}

Figure RetrievalOriginPanel::build(const retrieval::View& view) {
    return retrieval::origin_figure(view, *spectrum_, *tests_);
}

} // namespace attnscope::ui

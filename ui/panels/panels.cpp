// Every panel of the window, in the order of the View menu.
#include "panels/attention_gain.h"
#include "panels/attention_heads.h"
#include "panels/attention_map.h"
#include "panels/attention_rows.h"
#include "panels/attention_text.h"
#include "panels/letters_panel.h"
#include "panels/panel.h"
#include "panels/retrieval_entropy.h"
#include "panels/retrieval_hysteresis.h"
#include "panels/retrieval_modes.h"
#include "panels/retrieval_origin.h"
#include "panels/retrieval_plane.h"
#include "panels/retrieval_separation.h"
#include "panels/retrieval_spectrum.h"
#include "panels/retrieval_trajectories.h"
#include "panels/retrieval_weights.h"

namespace attnscope::ui {

std::vector<std::unique_ptr<Panel>> make_panels() {
    std::vector<std::unique_ptr<Panel>> panels;
    panels.push_back(std::make_unique<RetrievalWeightsPanel>());
    panels.push_back(std::make_unique<RetrievalEntropyPanel>());
    panels.push_back(std::make_unique<RetrievalPlanePanel>());
    panels.push_back(std::make_unique<RetrievalTrajectoriesPanel>());
    panels.push_back(std::make_unique<RetrievalSpectrumPanel>());
    panels.push_back(std::make_unique<RetrievalOriginPanel>());
    panels.push_back(std::make_unique<RetrievalModesPanel>());
    panels.push_back(std::make_unique<RetrievalHysteresisPanel>());
    panels.push_back(std::make_unique<RetrievalSeparationPanel>());
    panels.push_back(std::make_unique<LettersPanel>());
    panels.push_back(std::make_unique<AttentionHeadsPanel>());
    panels.push_back(std::make_unique<AttentionMapPanel>());
    panels.push_back(std::make_unique<AttentionTextPanel>());
    panels.push_back(std::make_unique<AttentionGainPanel>());
    panels.push_back(std::make_unique<AttentionRowsPanel>());
    return panels;
}

}  // namespace attnscope::ui

// Every panel of the window, in the order of the View menu.
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
    return panels;
}

}  // namespace attnscope::ui

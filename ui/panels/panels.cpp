// Every panel of the window, in the order of the View menu.
#include "panels/alignment_panels.h"
#include "panels/attention_gain.h"
#include "panels/attention_heads.h"
#include "panels/attention_map.h"
#include "panels/attention_rows.h"
#include "panels/attention_text.h"
#include "panels/cv_experiment_panels.h"
#include "panels/cv_model_panels.h"
#include "panels/cv_table.h"
#include "panels/jacobian_experiment_panels.h"
#include "panels/jacobian_panels.h"
#include "panels/letters_panel.h"
#include "panels/panel.h"
#include "panels/residual_panels.h"
#include "panels/residual_text.h"
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
    panels.push_back(std::make_unique<CvBandPanel>());
    panels.push_back(std::make_unique<CvMapPanel>());
    panels.push_back(std::make_unique<CvVolumesPanel>());
    panels.push_back(std::make_unique<CvDimensionPanel>());
    panels.push_back(std::make_unique<CvTablePanel>());
    panels.push_back(std::make_unique<CvTrainingPanel>());
    panels.push_back(std::make_unique<CvGridPanel>());
    panels.push_back(std::make_unique<CvRelationPanel>());
    for (auto& panel : make_alignment_panels()) panels.push_back(std::move(panel));
    panels.push_back(std::make_unique<JacobianMapPanel>());
    panels.push_back(std::make_unique<JacobianBarsPanel>());
    panels.push_back(std::make_unique<JacobianEnergyPanel>());
    panels.push_back(std::make_unique<JacobianRowPanel>());
    panels.push_back(std::make_unique<JacobianMapsPanel>());
    panels.push_back(std::make_unique<JacobianTrainingPanel>());
    panels.push_back(std::make_unique<JacobianGridPanel>());
    panels.push_back(std::make_unique<JacobianTrainedPanel>());
    panels.push_back(std::make_unique<ResidualCurvePanel>());
    panels.push_back(std::make_unique<ResidualMapPanel>());
    panels.push_back(std::make_unique<ResidualVariancePanel>());
    panels.push_back(std::make_unique<ResidualTextPanel>());
    panels.push_back(std::make_unique<ResidualSpectrumPanel>());
    return panels;
}

} // namespace attnscope::ui

// Every panel of the window, in the order of the View menu.
#include "ui/analyses/alignment/panels.h"
#include "shell/panel.h"
#include "ui/analyses/attention/gain_panel.h"
#include "ui/analyses/attention/heads_panel.h"
#include "ui/analyses/attention/map_panel.h"
#include "ui/analyses/attention/rows_panel.h"
#include "ui/analyses/attention/text_panel.h"
#include "ui/analyses/cv/experiment_panels.h"
#include "ui/analyses/cv/model_panels.h"
#include "ui/analyses/cv/table.h"
#include "ui/analyses/jacobian/experiment_panels.h"
#include "ui/analyses/jacobian/panels.h"
#include "ui/analyses/residual/panels.h"
#include "ui/analyses/residual/text_panel.h"
#include "ui/analyses/retrieval/entropy_panel.h"
#include "ui/analyses/retrieval/hysteresis_panel.h"
#include "ui/analyses/retrieval/letters_panel.h"
#include "ui/analyses/retrieval/modes_panel.h"
#include "ui/analyses/retrieval/origin_panel.h"
#include "ui/analyses/retrieval/plane_panel.h"
#include "ui/analyses/retrieval/separation_panel.h"
#include "ui/analyses/retrieval/spectrum_panel.h"
#include "ui/analyses/retrieval/trajectories_panel.h"
#include "ui/analyses/retrieval/weights_panel.h"

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

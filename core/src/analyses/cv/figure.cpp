// From a recipe's cursor to the figure of a panel.
#include <attnscope/cv_figures.h>
#include <attnscope/cv_recipe.h>

namespace attnscope {

Figure cv_figure(const CvJob& job, const std::string& panel, const cv::ModelResult& result) {
    cv::View view;
    if (job.request.model) {
        view.model_name = job.request.model->files().name;
        view.heads = static_cast<int>(job.request.model->config().heads);
    }
    view.parameters = job.parameters;
    view.kind = job.cursor.kind;
    view.layer = job.cursor.layer;
    view.head = job.cursor.head;
    if (panel == "cv.map") return cv::map_figure(view, result.matrices);
    if (panel == "cv.volumes") return cv::volumes_figure(view, result.matrices);
    if (panel == "cv.dimension") return cv::dimension_figure(view, result.matrices);
    if (panel == "cv.table") return cv::table_figure(view, result.matrices);
    return cv::band_figure(view, result.matrices);
}

} // namespace attnscope

#include "gui/glfw_window.h"

#include <attnscope/error.h>

#include <imgui.h>
#include <imgui_impl_glfw.h>
#include <imgui_impl_opengl3.h>
#include <implot.h>

#include <algorithm>
#include <string>
#include <utility>

namespace attnscope {

namespace {

[[noreturn]] void no_display(const char* expected) {
    const char* reason = nullptr;
    glfwGetError(&reason);
    throw Error(ErrorKind::resource, "display", expected, reason ? reason : "none");
}

void set_scale(float scale) {
    ImGui::GetStyle().FontScaleDpi = std::clamp(scale, 0.5f, 4.0f);
}

} // namespace

GlfwWindow::GlfwWindow(int width, int height) {
    if (!glfwInit()) no_display("an X or Wayland display");
    glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 3);
    glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 0);
    glfwWindowHint(GLFW_SCALE_TO_MONITOR, GLFW_TRUE);
    glfwWindowHintString(GLFW_X11_CLASS_NAME, "attnscope");
    glfwWindowHintString(GLFW_X11_INSTANCE_NAME, "attnscope");
    window_ = glfwCreateWindow(width, height, "attnscope", nullptr, nullptr);
    if (!window_) {
        const char* reason = nullptr;
        glfwGetError(&reason);
        const std::string got = reason ? reason : "none";
        glfwTerminate();
        throw Error(ErrorKind::resource, "display", "a window with OpenGL 3.0", got);
    }
    glfwMakeContextCurrent(window_);
    glfwSwapInterval(1);
    glfwSetWindowUserPointer(window_, this);
    // Before ImGui's own callbacks, which call these in turn.
    glfwSetDropCallback(window_, on_drop);
    glfwSetWindowContentScaleCallback(window_, on_content_scale);
    imgui_ = ImGui::CreateContext();
    implot_ = ImPlot::CreateContext();
    ImGui_ImplGlfw_InitForOpenGL(window_, true);
    ImGui_ImplOpenGL3_Init("#version 130");
    float x = 1, y = 1;
    glfwGetWindowContentScale(window_, &x, &y);
    set_scale(std::max(x, y));
}

GlfwWindow::~GlfwWindow() {
    ImGui_ImplOpenGL3_Shutdown();
    ImGui_ImplGlfw_Shutdown();
    ImPlot::DestroyContext(implot_);
    ImGui::DestroyContext(imgui_);
    glfwDestroyWindow(window_);
    glfwTerminate();
}

void GlfwWindow::on_drop(GLFWwindow* window, int count, const char** paths) {
    auto& self = *static_cast<GlfwWindow*>(glfwGetWindowUserPointer(window));
    self.dropped_.insert(self.dropped_.end(), paths, paths + count);
}

void GlfwWindow::on_content_scale(GLFWwindow*, float x, float y) {
    set_scale(std::max(x, y));
}

void GlfwWindow::begin_frame(bool without_cursor) {
    ImGui_ImplOpenGL3_NewFrame();
    ImGui_ImplGlfw_NewFrame();
    if (without_cursor) ImGui::GetIO().AddMousePosEvent(-FLT_MAX, -FLT_MAX);
    ImGui::NewFrame();
}

void GlfwWindow::render(float red, float green, float blue) {
    int width = 0, height = 0;
    framebuffer_size(width, height);
    glViewport(0, 0, width, height);
    glClearColor(red, green, blue, 1);
    glClear(GL_COLOR_BUFFER_BIT);
    ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
}

void GlfwWindow::present() {
    glfwSwapBuffers(window_);
}

bool GlfwWindow::wait(double seconds) {
    const double before = glfwGetTime();
    if (seconds == 0) {
        glfwPollEvents();
        return true;
    }
    if (seconds < 0) {
        glfwWaitEvents();
        return true;
    }
    glfwWaitEventsTimeout(seconds);
    return glfwGetTime() - before < seconds * 0.98;
}

void GlfwWindow::set_full_screen(bool wanted) {
    if (wanted == full_screen_) return;
    full_screen_ = wanted;
    GLFWmonitor* monitor = glfwGetPrimaryMonitor();
    const GLFWvidmode* mode = monitor ? glfwGetVideoMode(monitor) : nullptr;
    if (wanted && mode) {
        glfwGetWindowPos(window_, &before_x_, &before_y_);
        glfwGetWindowSize(window_, &before_width_, &before_height_);
        glfwSetWindowMonitor(window_, monitor, 0, 0, mode->width, mode->height, mode->refreshRate);
    } else if (!wanted && before_width_ > 0) {
        glfwSetWindowMonitor(window_, nullptr, before_x_, before_y_, before_width_, before_height_, 0);
    }
}

bool GlfwWindow::close_asked() {
    if (!glfwWindowShouldClose(window_)) return false;
    glfwSetWindowShouldClose(window_, GLFW_FALSE);
    return true;
}

std::vector<std::filesystem::path> GlfwWindow::take_dropped() {
    return std::exchange(dropped_, {});
}
void GlfwWindow::framebuffer_size(int& width, int& height) const {
    glfwGetFramebufferSize(window_, &width, &height);
}
void GlfwWindow::set_title(const char* title) {
    glfwSetWindowTitle(window_, title);
}

} // namespace attnscope

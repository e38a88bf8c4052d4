// A GLFW window with an OpenGL context and the ImGui and ImPlot contexts that draw into it.
#pragma once

#include <GLFW/glfw3.h>

#include <filesystem>
#include <functional>
#include <vector>

struct ImGuiContext;
struct ImPlotContext;

namespace attnscope {

class GlfwWindow {
public:
    /// Throws Error{resource} «display: …» when there is no display or it has no OpenGL 3.
    GlfwWindow(int width, int height);
    ~GlfwWindow();
    GlfwWindow(const GlfwWindow&) = delete;
    GlfwWindow& operator=(const GlfwWindow&) = delete;

    /// Connects ImGui; fonts are loaded between the constructor and this or later.
    void begin_frame(bool without_cursor = false);
    /// Draws what ImGui has; the picture is in the back buffer until present().
    void render(float red, float green, float blue);
    void present();

    /// Sleeps until an event or for `seconds` (negative = any time, 0 = not at all). True when an event came.
    bool wait(double seconds);
    void set_full_screen(bool wanted);
    bool close_asked(); ///< since the last call
    std::vector<std::filesystem::path> take_dropped();
    void framebuffer_size(int& width, int& height) const;
    void set_title(const char* title);

private:
    static void on_drop(GLFWwindow* window, int count, const char** paths);
    static void on_content_scale(GLFWwindow* window, float x, float y);

    GLFWwindow* window_ = nullptr;
    ImGuiContext* imgui_ = nullptr;
    ImPlotContext* implot_ = nullptr;
    bool full_screen_ = false;
    int before_x_ = 0, before_y_ = 0, before_width_ = 0, before_height_ = 0;
    unsigned events_ = 0;
    std::vector<std::filesystem::path> dropped_;
};

} // namespace attnscope

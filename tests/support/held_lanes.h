// Lanes that are kept busy, so that what is asked next waits: whether it is given up shows before it could have run.
#pragma once

#include <attnscope/slot.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace attnscope::test {

class HeldLanes {
public:
    static constexpr const char* name = "held";

    HeldLanes() = default;
    ~HeldLanes() { release(); }
    HeldLanes(const HeldLanes&) = delete;
    HeldLanes& operator=(const HeldLanes&) = delete;

    /// A job of a lane that goes on until release() or a cancel.
    void hold(JobSystem& jobs, Lane lane) {
        JobSystem::Task task;
        task.name = name;
        task.lane = lane;
        task.run = [released = released_](JobContext& context) {
            while (!*released) {
                context.checkpoint();
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            }
        };
        jobs.submit(std::move(task));
    }
    void hold_all(JobSystem& jobs) {
        for (const Lane lane : {Lane::interactive, Lane::files, Lane::sweep, Lane::batch}) hold(jobs, lane);
    }
    /// Lets go all that is held; what is held afterwards is held anew.
    void release() {
        *released_ = true;
        released_ = std::make_shared<std::atomic<bool>>(false);
    }
    /// Names of the jobs that run or wait beside those that hold lanes.
    static std::vector<std::string> others(const JobSystem& jobs) {
        std::vector<std::string> names;
        for (const JobStatus& job : jobs.jobs())
            if (job.name != name) names.push_back(job.name);
        return names;
    }

private:
    std::shared_ptr<std::atomic<bool>> released_ = std::make_shared<std::atomic<bool>>(false);
};

} // namespace attnscope::test

using Registry.Core.Configuration;
using Registry.Server.Api.Maintenance;
using Registry.Server.Commands.Remote;
using Registry.Server.Maintenance;

namespace Registry.Server.Commands.Maintain;

/// <summary>Maintenance jobs for people. Times are in UTC.</summary>
internal static class JobTable
{
    public static void Write(TextWriter output, JobListAnswer list)
    {
        if (list.Jobs.Count == 0)
        {
            output.WriteLine("No job was started since the start of the registry.");
            return;
        }

        TextTable.Write(output, ["STARTED", "ENDED", "JOB", "BY", "STATE", "OUTCOME"], list.Jobs.Select(job => (string[])
        [
            job.StartedAt,
            job.EndedAt ?? "-",
            RemoteMessage.Printable(WorkParameters.Describe(job.Kind, job.Parameters)),
            RemoteMessage.Printable(job.StartedBy),
            job.State,
            RemoteMessage.Printable(job.Outcome ?? Describe(job.Progress)),
        ]));
    }

    private static string Describe(JobAnswer.JobProgress? progress) => progress is null ? "-"
        : progress.Total is > 0 and var total
            ? $"{progress.Text}: {100 * Math.Clamp(progress.Done, 0, total) / total} %{(progress.SecondsLeft is { } left ? $", {Duration.Write(TimeSpan.FromSeconds(left))} left" : "")}"
            : $"{progress.Text}: {(progress.Unit is { } unit ? $"{progress.Done} {unit}" : ByteSize.Describe(progress.Done))}";
}

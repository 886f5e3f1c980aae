using System.Globalization;
using Registry.Testing.Workloads;

namespace Registry.LoadTests;

/// <summary>Options of a load test: registry, workloads and duration.</summary>
/// <param name="Registry">URL of the registry.</param>
/// <param name="Workloads">Workloads, run one after another.</param>
/// <param name="Duration">Duration of each workload.</param>
/// <param name="ReportFolder">Folder for the reports.</param>
internal sealed record LoadTestOptions(Uri Registry, IReadOnlyList<IWorkload> Workloads, TimeSpan Duration, string ReportFolder)
{
    public static string Usage { get; } = $"""
        Usage: dotnet run -c Release --project tests/Registry.LoadTests -- URL [--seconds N] [--to FOLDER] [workload …]

        Runs the workloads against the registry at URL, one after another; all of them by default. They push to repositories under load/.
        --seconds sets the duration of each (default: 30), --to the folder for the reports (default: load-test-reports). Workloads:

        {string.Join('\n', Workload.CreateAll().Select(workload => $"  {workload.Name,-16} {workload.Subject}"))}
        """;

    /// <summary>Reads the arguments.</summary>
    /// <returns>Null when an argument is not valid.</returns>
    public static LoadTestOptions? Parse(string[] arguments)
    {
        if (arguments.Length == 0 || !Uri.TryCreate(arguments[0], UriKind.Absolute, out var registry))
        {
            return null;
        }

        var all = Workload.CreateAll();
        var chosen = new List<IWorkload>();
        var seconds = 30;
        var folder = "load-test-reports";
        for (var i = 1; i < arguments.Length; i++)
        {
            switch (arguments[i])
            {
                case "--seconds" when i + 1 < arguments.Length && int.TryParse(arguments[i + 1], CultureInfo.InvariantCulture, out seconds) && seconds > 0:
                    i++;
                    break;
                case "--to" when i + 1 < arguments.Length:
                    folder = arguments[++i];
                    break;
                case var name when all.FirstOrDefault(workload => workload.Name == name) is { } workload:
                    chosen.Add(workload);
                    break;
                default:
                    return null;
            }
        }

        return new LoadTestOptions(registry, chosen.Count > 0 ? chosen : all, TimeSpan.FromSeconds(seconds), folder);
    }
}

using System.Globalization;
using Registry.Testing.Workloads;

namespace Registry.LoadTests;

/// <summary>Which registry is loaded with what, and for how long.</summary>
/// <param name="Registry">The registry's URL.</param>
/// <param name="Workloads">What is done to it, one after another.</param>
/// <param name="Duration">How long each.</param>
/// <param name="ReportFolder">Where the reports go.</param>
internal sealed record LoadTestOptions(Uri Registry, IReadOnlyList<IWorkload> Workloads, TimeSpan Duration, string ReportFolder)
{
    public static string Usage { get; } = $"""
        Usage: dotnet run -c Release --project tests/Registry.LoadTests -- URL [--seconds N] [--to FOLDER] [workload …]

        Everything is pushed under load/ of the registry at URL. A workload takes 30 seconds unless told otherwise. All of them, one after another:

        {string.Join('\n', Workload.CreateAll().Select(workload => $"  {workload.Name,-16} {workload.Subject}"))}
        """;

    /// <summary>Reads the arguments.</summary>
    /// <returns>Null when they are wrong.</returns>
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

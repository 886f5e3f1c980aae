using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Registry.Bench.Peers;
using Registry.Bench.Targets;

namespace Registry.Bench.Reports;

/// <summary>Writes the report of a run: environment.md, README.md with its tables, samples.json, chart.svg, and the profiles, if any.</summary>
internal static class ReportWriter
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(ResultFolder folder, TargetRun run, IReadOnlyList<(string Name, string Value)> machine, DateTime started)
    {
        File.WriteAllText(folder.InFolder("samples.json"), JsonSerializer.Serialize(new { run.Board.Samples, run.Board.Verdicts }, Json) + "\n");
        File.WriteAllText(folder.InFolder("environment.md"), Environment(folder, run, machine, started));
        File.WriteAllText(folder.InFolder("chart.svg"), Chart.Draw(run.Board.Samples));
        File.WriteAllText(folder.InFolder("README.md"), Readme(folder, run));
        if (run.Profiles.Count > 0)
        {
            File.WriteAllText(folder.InFolder("profile.md"), Profiles(run));
        }

        if (folder.IsRecorded)
        {
            var name = Path.GetFileName(folder.Path);
            File.AppendAllText(Path.Combine(folder.Root, "perf-results", "README.md"), $"- [{name}]({name}/README.md): targets P1 to P14\n");
            ReadmeFigures.Update(Path.Combine(folder.Root, "README.md"), name, run);
        }
    }

    /// <summary>Table of the targets and the measured figures.</summary>
    public static string VerdictTable(Scoreboard board)
    {
        var text = new StringBuilder("| # | Work | Registry | Peer | Its figure | Ratio | Target | Met |\n|---|---|---:|---|---:|---:|---:|---|\n");
        foreach (var row in board.Verdicts.OrderBy(row => Scoreboard.Order(row.Target)))
        {
            var met = row.IsMet switch { true => "yes", false => "**no**", null => "not measured" };
            text.Append($"| {row.Target} | {row.Work} | {row.Ours} | {row.Peer} | {row.Theirs} | {row.Ratio} | {row.Bound} | {met} |\n");
        }

        return text.ToString();
    }

    private static string Readme(ResultFolder folder, TargetRun run)
    {
        var board = run.Board;
        var counted = board.Verdicts.Where(row => row.IsMet is not null).ToList();
        var text = new StringBuilder($"# Targets at {folder.Commit}\n\n");
        if (!folder.IsRecorded)
        {
            text.Append($"Not recorded: {(run.Options.IsComplete ? "the run wrote to another folder" : "the run was short or partial")}{(folder.IsClean ? string.Empty : ", and the code was not committed")}.\n\n");
        }

        text.Append($"{counted.Count(row => row.IsMet == true)} of {counted.Count} measured targets are met. ");
        text.Append($"Client and server share the machine that [environment.md](environment.md) describes. Figures are medians of {run.Options.Rounds} samples, ");
        text.Append("with the lowest and highest in brackets. A ratio is the median of the ratios of the rounds; each round measured the servers in turn. ");
        text.Append("All servers ran, but only one got requests at a time. CPU time and peak memory are those of the server, without the client. ");
        text.Append("Client cores are the cores that the client kept busy meanwhile. ");
        text.Append($"{RegistryServer.Name} is the published program, {RegistryProgram.Jit.Name} the build that the runtime compiles while it runs. ");
        text.Append($"Every sample is in [samples.json](samples.json){(run.Profiles.Count > 0 ? ", and profiles in [profile.md](profile.md)" : string.Empty)}.\n\n");
        foreach (var missing in run.Plain.Missing)
        {
            text.Append($"**Missing:** {missing}\n\n");
        }

        foreach (var failure in run.Failures)
        {
            text.Append($"**Failed:** {failure}\n\n");
        }

        text.Append($"## Targets\n\n{VerdictTable(board)}\n## Chart\n\n![Work of each server in one second](chart.svg)\n\n## All figures\n");
        foreach (var work in board.Samples.OrderBy(sample => Scoreboard.Order(sample.Target)).GroupBy(sample => (sample.Target, sample.Work)))
        {
            Append(text, work.Key.Target, work.Key.Work, [.. work]);
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, string target, string work, List<Sample> samples)
    {
        var unit = samples[0].Unit;
        var hasLatency = samples[0].P99Milliseconds is not null;
        text.Append($"\n### {target}: {work}\n\n| Server | {unit.RateName()} | {unit.CostName()} | Peak MiB | Client cores |{(hasLatency ? " p99 ms |" : string.Empty)}\n");
        text.Append($"|---|---:|---:|---:|---:|{(hasLatency ? "---:|" : string.Empty)}\n");
        foreach (var server in samples.GroupBy(sample => sample.Contestant))
        {
            var peak = server.Max(sample => sample.PeakBytes) / 1024.0 / 1024;
            text.Append($"| {server.Key} | {Spread.Of(server.Select(s => s.Rate))} | {Spread.Of(server.Select(s => s.Cost))} | {Spread.Number(peak)} | {Spread.Number(Spread.Of(server.Select(s => s.ClientCores)).Median)} |");
            text.Append(hasLatency ? $" {Spread.Of(server.Select(s => s.P99Milliseconds!.Value))} |\n" : "\n");
        }
    }

    private static string Environment(ResultFolder folder, TargetRun run, IReadOnlyList<(string Name, string Value)> machine, DateTime started)
    {
        var text = new StringBuilder("# Environment\n\n| | |\n|---|---|\n");
        text.Append(CultureInfo.InvariantCulture, $"| Date | {started:yyyy-MM-dd HH:mm} UTC, {(DateTime.UtcNow - started).TotalMinutes:0} minutes |\n");
        text.Append($"| Commit | {folder.Commit}{(folder.IsClean ? string.Empty : " with uncommitted changes")} |\n");
        foreach (var (name, value) in machine)
        {
            text.Append($"| {name} | {value} |\n");
        }

        foreach (var (name, version) in run.Plain.All.Concat(run.Secure.All).Select(contestant => (contestant.Name, contestant.Version)).Distinct())
        {
            text.Append($"| {name} | {version} |\n");
        }

        var settings = string.Join(", ", run.Options.Settings.Select(setting => $"`{setting.Key}={setting.Value}`"));
        return text.Append($"| Settings of Registry | {(settings.Length == 0 ? "defaults" : settings)} |\n").ToString()
            + "\nClient and server communicate over the loopback interface. `docker-registry` or `distribution` has the configuration of distribution's image "
            + "(descriptors cached in memory), without request logs and traces. It syncs the files that it writes before it answers, but not the folder that a blob "
            + "is moved to, so its acknowledgement promises less than that of Registry. zot has its defaults. olareg syncs nothing. nginx has sendfile on and no log, and "
            + "serves the files of Registry's data folder. Over TLS, all servers show the same ECDSA certificate, and the client offers TLS 1.3 with AES-128-GCM alone.\n";
    }

    private static string Profiles(TargetRun run)
    {
        var text = new StringBuilder("# Profiles\n\nProcessor time of the published program, by thread and by function: `perf record -e cpu-clock -F 999`, each in a round of its own.\n");
        foreach (var profile in run.Profiles.OrderBy(profile => Scoreboard.Order(profile.Target)))
        {
            text.Append($"\n## {profile.Target}: {profile.Work}\n\n{Spread.Number(profile.Rate)} {profile.Unit.RateName()} under perf.\n\n```text\n{profile.Text}```\n");
        }

        return text.ToString();
    }
}

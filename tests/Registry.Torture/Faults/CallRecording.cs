using Registry.Testing;
using Registry.Testing.Processes;
using Registry.Torture.Load;

namespace Registry.Torture.Faults;

/// <summary>All system calls on its folder that the script causes in a server.</summary>
/// <param name="Points">All calls of each kind on each kind of thread, from the first to the last.</param>
/// <param name="Places">Paths of the calls.</param>
internal sealed record CallRecording(IReadOnlyList<FaultPoint> Points, IReadOnlySet<string> Places)
{
    public static async Task<CallRecording> MakeAsync(Script script, TemporaryFolder folders)
    {
        var folder = folders.Folder("recorded");
        var log = folders.File("recorded.log");
        var ledger = await script.CopyAsync(folder);
        Dictionary<int, string> roles;
        await using (var registry = await RegistryProcess.StartAsync(folder, Script.Settings, under: Strace.Launch(log, isAll: true, Strace.Calls, null)))
        {
            using var client = new LedgerClient(registry.BaseAddress, ledger);
            await script.RunAsync(client, registry, folder);
            roles = Strace.Threads(registry.ProcessId).SelectMany(role => role.Select(thread => (thread, role.Key))).ToDictionary();
            await registry.StopAsync();
        }

        var counts = new Dictionary<(int, string), int>();
        var points = new HashSet<FaultPoint>();
        var places = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (thread, call, line) in Strace.Read(log))
        {
            var number = counts[(thread, call)] = counts.GetValueOrDefault((thread, call)) + 1;
            if (Strace.Place(line, folder) is { } place && roles.TryGetValue(thread, out var role))
            {
                points.Add(new FaultPoint(role, call, number));
                places.Add(place);
            }
        }

        return new CallRecording([.. points.OrderBy(point => point.ToString(), StringComparer.Ordinal)], places);
    }
}

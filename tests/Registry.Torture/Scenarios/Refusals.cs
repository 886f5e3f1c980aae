using Registry.Testing;
using Registry.Testing.Processes;
using Registry.Torture.Load;

namespace Registry.Torture.Scenarios;

/// <summary>Tests refusals with a reason: a second process on the same data, a read-only disk, uploads and blobs on different disks.</summary>
public sealed class Refusals : IScenario
{
    public string Name => "refusals";

    public string Rows => "9";

    public string Subject => "a start on data in use, on a read-only disk, and with uploads/ and blobs/ on two disks";

    public IReadOnlyList<(string Program, string Package)> Needs => [("mount", "mount")];

    public async Task<string> RunAsync(TortureRun run)
    {
        using var folder = new TemporaryFolder("refusals");
        var disk = folder.Folder("disk");
        await Tool.RunAsync("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk);
        var data = Path.Combine(disk, "data");
        var ledger = new Ledger();
        await using var registry = await RegistryProcess.StartAsync(data);
        using (var client = new LedgerClient(registry.BaseAddress, ledger))
        {
            await client.PushAsync("torture/refusals", TestImage.Create(), "t");
            await ExpectRefusalAsync(data, "is in use by another process");
            await client.CheckAsync();
        }

        await registry.StopAsync();
        await Tool.RunAsync("mount", "-o", "remount,ro", disk);
        await ExpectRefusalAsync(data, "is on a read-only file system");
        await Tool.RunAsync("mount", "-o", "remount,rw", disk);
        var uploads = Path.Combine(data, "uploads");
        await Tool.RunAsync("mount", "-t", "tmpfs", "tmpfs", uploads);
        await ExpectRefusalAsync(data, "has its uploads/ and blobs/ folders on different file systems");
        await Tool.RunAsync("umount", uploads);

        await registry.StartAgainAsync();
        using var after = new LedgerClient(registry.BaseAddress, ledger);
        await after.CheckAsync();
        return "3 refusals, data untouched";
    }

    private static async Task ExpectRefusalAsync(string data, string reason)
    {
        var (code, output) = await RegistryProcess.RunAsync("serve", data);
        if (code == 0 || !output.Contains(reason, StringComparison.Ordinal) || output.Contains("Unhandled", StringComparison.Ordinal))
        {
            throw new ViolationException($"expected a refusal to start because it {reason}, got exit code {code}:\n{output}");
        }
    }
}

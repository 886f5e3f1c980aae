using Registry.Testing;
using Registry.Testing.Processes;
using Registry.Torture.Load;

namespace Registry.Torture.Scenarios;

/// <summary>
/// Fills the disk to the last byte or the last inode: pushes are refused; pulls, deletes and the collection continue and free space; and pushes
/// work again without a restart. The same holds if the registry is started on the full disk.
/// </summary>
public sealed class FullDisks : IScenario
{
    private const string Repository = "torture/full";
    private const int Images = 24;
    private const int LayerSize = 1_000_000;

    // Longer than a push takes on a busy machine, so that nothing expires before its manifest comes.
    private static readonly Dictionary<string, string?> Settings = new() { ["REGISTRY_GC_GRACE"] = "5", ["REGISTRY_TRASH"] = "0" };

    public string Name => "full-disk";

    public string Rows => "5";

    public string Subject => "a full disk, by bytes and by inodes, while the server runs and at its start";

    public IReadOnlyList<(string Program, string Package)> Needs => [("mount", "mount")];

    public async Task<string> RunAsync(TortureRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var rounds = run.Rounds(10, 1);
        var refused = 0;
        var round = 0;
        for (; round < rounds && !run.IsOver; round++)
        {
            refused += await FillAsync("size=64m", FillBytes, restarts: false);
            refused += await FillAsync("size=64m", FillBytes, restarts: true);
            refused += await FillAsync("size=128m,nr_inodes=1000", FillInodes, restarts: false);
        }

        return $"{round * 3} full disks, {refused} requests refused";
    }

    private static async Task<int> FillAsync(string options, Action<string> fill, bool restarts)
    {
        using var folder = new TemporaryFolder("full");
        var disk = folder.Folder("disk");
        await Tool.RunAsync("mount", "-t", "tmpfs", "-o", options, "tmpfs", disk);
        var ledger = new Ledger();
        var data = Path.Combine(disk, "data");
        await using var registry = await RegistryProcess.StartAsync(data, Settings);
        var images = new List<TestImage>();
        using (var client = new LedgerClient(registry.BaseAddress, ledger))
        {
            for (var i = 0; i < Images; i++)
            {
                images.Add(TestImage.Create(layerSize: LayerSize));
                await client.PushAsync(Repository, images[^1], $"t{i}");
            }
        }

        ledger.Trim();

        // What is being written now would give its room back when it fails, after the disk was filled.
        await Eventually.HoldsAsync(
            () => Task.FromResult(images.All(image => image.Blobs.Append(image.Manifest).All(blob => IsStored(data, blob)))), "small content has its files");
        if (restarts)
        {
            await registry.StopAsync();
        }

        fill(disk);
        if (restarts)
        {
            await registry.StartAgainAsync();
        }

        var refused = await UseFullAsync(registry, ledger, images, data);
        await registry.StopAsync();
        return BlobFolder.Check(data) > 0 ? refused : throw new ViolationException("nothing is left");
    }

    private static async Task<int> UseFullAsync(RegistryProcess registry, Ledger ledger, List<TestImage> images, string data)
    {
        using var client = new LedgerClient(registry.BaseAddress, ledger, mayFail: true);
        var more = TestImage.Create(layers: 3, layerSize: LayerSize);
        for (var i = 0; i < 3; i++)
        {
            Require(!await client.PushAsync(Repository, more, "more"), "a push was taken on a full disk");
        }

        await client.CheckAsync();
        foreach (var image in images[1..])
        {
            Require(await client.DeleteAsync(Repository, image), "a delete was refused on a full disk");
        }

        await client.CheckAsync();
        await Eventually.HoldsAsync(
            () => Task.FromResult(images[1..].All(image => image.Blobs.Append(image.Manifest).All(blob => !IsStored(data, blob)))), "what was deleted is collected");
        await Eventually.HoldsAsync(() => client.PushAsync(Repository, more, "more"), "pushes work again");
        await client.CheckAsync();
        return client.Refused;

        void Require(bool condition, string promise)
        {
            if (!condition)
            {
                throw new ViolationException($"{promise}\nThe server printed:\n{registry.Output}");
            }
        }
    }

    private static void FillBytes(string disk) => UntilFull(() =>
    {
        using var filler = new FileStream(Path.Combine(disk, $"filler-{Guid.NewGuid()}"), FileMode.CreateNew, FileAccess.Write, FileShare.None, 0);
        var block = new byte[4096];
        while (true)
        {
            filler.Write(block);
        }
    });

    private static void FillInodes(string disk) => UntilFull(() =>
    {
        while (true)
        {
            File.Create(Path.Combine(disk, $"filler-{Guid.NewGuid()}")).Dispose();
        }
    });

    private static void UntilFull(Action fill)
    {
        try
        {
            fill();
        }
        catch (IOException)
        {
            // Full.
        }
    }

    private static bool IsStored(string data, TestBlob blob) =>
        File.Exists(Path.Combine(data, "blobs", "sha256", blob.Digest[7..9], blob.Digest[7..], "data"));
}

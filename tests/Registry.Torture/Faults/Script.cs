using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Registry.Testing;
using Registry.Testing.Processes;
using Registry.Torture.Load;

namespace Registry.Torture.Faults;

/// <summary>
/// A data folder with some images, and a script that runs on a copy of it: a push in chunks, a tag that moves, deletes, the collection of deleted
/// content, the release of the referrers of a deleted image, and a stop.
/// </summary>
internal sealed class Script
{
    private const string Repository = "torture/script";

    // So many that the collector releases the last of them, after the deletion of their subject.
    private const int Referrers = 40;

    private static readonly TimeSpan CollectionPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly string _template;
    private readonly TestImage _old = TestImage.Create(layerSize: 20_000);
    private readonly TestImage _kept = TestImage.Create(layerSize: 20_000);
    private readonly Ledger _ledger = new();

    private Script(string template) => _template = template;

    /// <summary>Grace period of the registry. The script is to be over sooner: what it pushes first is kept for no longer until its manifest comes.</summary>
    public static TimeSpan Grace { get; } = TimeSpan.FromSeconds(10);

    /// <summary>Settings of a collector that runs every second, and of a trash from which it removes what the script has deleted.</summary>
    public static IReadOnlyDictionary<string, string?> Settings { get; } = new Dictionary<string, string?>
    {
        ["REGISTRY_GC_GRACE"] = Grace.TotalSeconds.ToString(CultureInfo.InvariantCulture),
        ["REGISTRY_TRASH"] = "1",
    };

    public static async Task<Script> PrepareAsync(string template)
    {
        var script = new Script(template);
        await using var registry = await RegistryProcess.StartAsync(template, Settings);
        using var client = new LedgerClient(registry.BaseAddress, script._ledger);
        await client.PushAsync(Repository, script._old, "old");
        await client.PushAsync(Repository, script._kept, "moved");
        await client.TagAsync(Repository, script._kept, "untagged");
        await script.PushReferrersAsync(registry, client);
        await client.CheckAsync();
        script._ledger.Trim();
        await registry.StopAsync();
        return script;
    }

    /// <summary>Copies the folder and its ledger.</summary>
    public async Task<Ledger> CopyAsync(string folder)
    {
        await Tool.RunAsync("cp", "-a", _template + "/.", folder);
        return _ledger.Copy();
    }

    /// <summary>Runs the script except for the stop. After a refused step, it skips the steps that depend on it.</summary>
    public async Task RunAsync(LedgerClient client, RegistryProcess registry, string folder)
    {
        var image = TestImage.Create(layers: 2, layerSize: 40_000);
        if (await client.PushAsync(Repository, image, "new", inPieces: true))
        {
            await client.TagAsync(Repository, image, "moved");
        }

        await client.UntagAsync(Repository, "untagged");
        if (await client.DeleteAsync(Repository, _old) && await client.DeleteAsync(Repository, _old.Blobs[1]))
        {
            var clock = Stopwatch.StartNew();
            while (!registry.HasExited && clock.Elapsed < CollectionPatience && (IsStored(folder, _old.Digest) || IsStored(folder, _old.Blobs[1].Digest)))
            {
                await Task.Delay(Pause);
            }
        }
    }

    /// <summary>Pushes the deleted content again, whatever is left of it; false when the push was refused.</summary>
    public Task<bool> PushAgainAsync(LedgerClient client) => client.PushAsync(Repository, _old, "again");

    // All but the last may expire when their subject is gone, so the ledger does not have them.
    private async Task PushReferrersAsync(RegistryProcess registry, LedgerClient client)
    {
        using var http = new HttpClient { BaseAddress = registry.BaseAddress };
        for (var i = 1; i < Referrers; i++)
        {
            var referrer = CreateReferrer();
            var answer = await http.PutManifestAsync(Repository, referrer.Digest, referrer);
            if (answer.Status != 201)
            {
                throw new InvalidOperationException($"a referrer was answered {answer}");
            }
        }

        await client.TagAsync(Repository, CreateReferrer(), "signature");
    }

    private TestImage CreateReferrer() => TestImage.Create(
        json =>
        {
            json["config"] = TestImage.Descriptor(_old.Blobs[0], TestImage.ConfigType);
            json["subject"] = _old.Describe();
            json["annotations"] = new JsonObject { ["id"] = Guid.NewGuid().ToString() };
        },
        layers: 0);

    private static bool IsStored(string folder, string digest) => File.Exists(Path.Combine(folder, "blobs", "sha256", digest[7..9], digest[7..], "data"));
}

using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Registry.Testing;

namespace Registry.Torture.Attacks.Requests;

/// <summary>Pushes and deletes indexes with as many missing children as the registry accepts, in a loop.</summary>
internal sealed class SparseIndexes : IAttack
{
    private const int Clients = 8;

    // The default of REGISTRY_MANIFEST_MAX_DESCRIPTORS. If the server accepts fewer, the attack finds out by halving.
    private const int Most = 10_000;

    public string Name => "sparse-indexes";

    public string Subject => "indexes with thousands of missing children, pushed and deleted in a loop";

    private int _children;

    public async Task PrepareAsync(Target target, Tally tally)
    {
        using var client = target.CreateClient();
        for (_children = target.Count(Most); !await IsAcceptedAsync(client, Index(_children)); _children /= 2)
        {
            tally.Add("larger indexes refused");
        }

        tally.Add("children accepted", _children);
    }

    public async Task RunAsync(Target target, Tally tally, Random random, CancellationToken stop)
    {
        using var client = target.CreateClient();
        using var end = stop.Register(client.CancelPendingRequests);
        await Crowd.RunAsync(target.Count(Clients), tally, random, async (_, _, _) =>
        {
            tally.Connected();
            var index = Index(_children);
            while (!stop.IsCancellationRequested)
            {
                tally.Answered(await client.PutManifestAsync(Target.Repository, index.Digest, index));
                tally.Answered(await client.RequestAsync("DELETE", $"/v2/{Target.Repository}/manifests/{index.Digest}"));
            }
        }, stop);
    }

    private static async Task<bool> IsAcceptedAsync(HttpClient client, TestImage index) =>
        (await client.PutManifestAsync(Target.Repository, index.Digest, index)) switch
        {
            { Status: 201 } => true,
            { Status: 400 or 413 } => false,
            var answer => throw new InvalidOperationException($"{answer}"),
        };

    private static TestImage Index(int children) => TestImage.Index([], json => json["manifests"] = new JsonArray(
        [.. Enumerable.Range(0, children).Select(_ => new JsonObject
        {
            ["mediaType"] = TestImage.OciManifest,
            ["digest"] = $"sha256:{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32))}",
            ["size"] = 1000,
        })]));
}

namespace Registry.Testing.Workloads;

/// <summary>Many clients that pull a newly pushed layer at once.</summary>
public sealed class ThunderingHerd : IWorkload
{
    private const int LayerSize = 8 * 1024 * 1024;
    private const int Animals = 32;

    public string Name => "thundering-herd";

    public string Subject => "pushes a layer of 8 MiB, which 32 clients pull at the same moment";

    public int Users => 1;

    public Task PrepareAsync(HttpClient client) => Task.CompletedTask;

    public async Task<long> RunAsync(HttpClient client, int user, long iteration)
    {
        var repository = $"load/herd/{user}";
        var layer = TestBlob.Random(LayerSize);
        var pushed = await client.PushMissingBlobAsync(repository, layer);
        var pulled = await Task.WhenAll(Enumerable.Range(0, Animals).Select(_ => client.PullBlobAsync(repository, layer.Digest)));
        return pushed + pulled.Sum();
    }
}

namespace Registry.Testing.Workloads;

/// <summary>CI pipeline: a build on a shared base, followed by jobs that all pull its image.</summary>
public sealed class CiBurst : IWorkload
{
    private const string Base = "load/base";
    private const int BaseLayers = 4;
    private const int LayerSize = 128 * 1024;
    private const int Jobs = 4;

    private TestImage _base = null!;

    public string Name => "ci-burst";

    public string Subject => "pulls a base image, mounts its layers, pushes another layer; then 4 jobs pull the result at once";

    public int Users => 8;

    public Task PrepareAsync(HttpClient client)
    {
        _base = TestImage.Create(layers: BaseLayers, layerSize: LayerSize);
        return client.PushImageAsync(Base, _base, "1");
    }

    public async Task<long> RunAsync(HttpClient client, int user, long iteration)
    {
        var repository = $"load/ci/{user}";
        var bytes = await client.PullImageAsync(Base, "1");
        foreach (var blob in _base.Blobs)
        {
            await client.MountAsync(repository, Base, blob);
        }

        var image = TestImage.On(_base, layerSize: LayerSize);
        bytes += await client.PushImageAsync(repository, image, $"build-{iteration}");
        var pulls = await Task.WhenAll(Enumerable.Range(0, Jobs).Select(_ => client.PullManifestAsync(repository, image.Digest)));
        return bytes + pulls.Sum();
    }
}

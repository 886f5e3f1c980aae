namespace Registry.Testing.Workloads;

/// <summary>Pulls of one image by its tag.</summary>
public sealed class PullImage : IWorkload
{
    private const string Repository = "load/pull";
    private const int Layers = 4;
    private const int LayerSize = 256 * 1024;

    public string Name => "pull-image";

    public string Subject => "resolves a tag and pulls its image of 4 layers of 256 KiB";

    public int Users => 16;

    public Task PrepareAsync(HttpClient client) => client.PushImageAsync(Repository, TestImage.Create(layers: Layers, layerSize: LayerSize), "latest");

    public Task<long> RunAsync(HttpClient client, int user, long iteration) => client.PullImageAsync(Repository, "latest");
}

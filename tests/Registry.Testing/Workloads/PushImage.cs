namespace Registry.Testing.Workloads;

/// <summary>Pushes of new images.</summary>
public sealed class PushImage : IWorkload
{
    private const int Layers = 3;
    private const int LayerSize = 64 * 1024;

    public string Name => "push-image";

    public string Subject => "pushes a new image of 3 layers of 64 KiB, in chunks, as docker does";

    public int Users => 8;

    public Task PrepareAsync(HttpClient client) => Task.CompletedTask;

    public Task<long> RunAsync(HttpClient client, int user, long iteration) =>
        client.PushImageAsync($"load/push/{user}", TestImage.Create(layers: Layers, layerSize: LayerSize), $"v{iteration}");
}

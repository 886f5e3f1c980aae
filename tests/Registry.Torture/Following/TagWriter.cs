using System.Text.Json.Nodes;
using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Torture.Following;

/// <summary>Sets a tag of a repository again and again, each time to a new manifest, and keeps a ledger.</summary>
/// <param name="repository">The repository.</param>
internal sealed class TagWriter(string repository)
{
    private readonly List<string> _attempted = [];
    private readonly List<string> _acknowledged = [];

    /// <summary>The repository.</summary>
    public string Repository => repository;

    /// <summary>Digests in the order in which they were pushed, also those without an answer.</summary>
    public IReadOnlyList<string> Attempted => _attempted;

    /// <summary>Digests whose push was answered.</summary>
    public IReadOnlyList<string> Acknowledged => _acknowledged;

    /// <summary>Writes until it is stopped. The registry may be killed meanwhile.</summary>
    public async Task WriteAsync(RegistryProcess registry, CancellationToken stop)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = registry.BaseAddress };
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await SetAsync(http, stop);
            }
            catch (Exception e) when (stop.IsCancellationRequested || registry.Explains(e))
            {
                return;
            }
        }
    }

    /// <summary>Sets the tag once.</summary>
    public async Task SetAsync(HttpClient http, CancellationToken stop)
    {
        var image = TestImage.Index([], json => json["annotations"] = new JsonObject { ["org.example.id"] = Guid.NewGuid().ToString() });
        _attempted.Add(image.Digest);
        stop.ThrowIfCancellationRequested();
        var answer = await http.PutManifestAsync(repository, "latest", image);
        if (answer.Status != 201)
        {
            throw new ViolationException($"a push to {repository} was answered {answer}");
        }

        _acknowledged.Add(image.Digest);
    }
}

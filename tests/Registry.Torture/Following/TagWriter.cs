using System.Text.Json.Nodes;
using Registry.Testing;

namespace Registry.Torture.Following;

/// <summary>Sets a tag of a repository again and again, each time to a new manifest, and keeps a ledger.</summary>
/// <param name="repository">The repository.</param>
/// <param name="tag">The tag.</param>
internal sealed class TagWriter(string repository, string tag = "latest")
{
    private readonly List<string> _attempted = [];
    private readonly List<string> _acknowledged = [];

    /// <summary>The repository.</summary>
    public string Repository => repository;

    /// <summary>Digests in the order in which they were pushed, also those without an answer.</summary>
    public IReadOnlyList<string> Attempted => _attempted;

    /// <summary>Digests whose push was answered.</summary>
    public IReadOnlyList<string> Acknowledged => _acknowledged;

    /// <summary>Writes until it is stopped, or the registry ends.</summary>
    /// <param name="http">The client.</param>
    /// <param name="pause">Time between two tags.</param>
    /// <param name="isEnd">True if a failure is explained by the end of the registry.</param>
    /// <param name="stop">Stops it.</param>
    public async Task WriteAsync(HttpClient http, TimeSpan pause, Func<Exception, bool> isEnd, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await SetAsync(http, stop);
                await Task.Delay(pause, stop);
            }
            catch (Exception e) when (stop.IsCancellationRequested || isEnd(e))
            {
                return;
            }
        }
    }

    /// <summary>Writes until it is stopped, whatever happens meanwhile.</summary>
    /// <param name="http">A client that judges answers and failures, and throws for those that no fault explains.</param>
    /// <param name="pause">Time between two tags.</param>
    /// <param name="isFault">True if a failure is that of a fault.</param>
    /// <param name="stop">Stops it.</param>
    public async Task WriteThroughAsync(HttpClient http, TimeSpan pause, Func<Exception, bool> isFault, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await SetAsync(http, stop, status => status is 408 or 429 or >= 500);
            }
            catch (Exception e) when (stop.IsCancellationRequested || isFault(e))
            {
                // It has no answer.
            }

            await Task.WhenAny(Task.Delay(pause, stop));
        }
    }

    /// <summary>Sets the tag once.</summary>
    /// <param name="http">The client.</param>
    /// <param name="stop">Stops it before the push.</param>
    /// <param name="isFault">True if a status is that of a fault; null if none is.</param>
    public async Task SetAsync(HttpClient http, CancellationToken stop, Func<int, bool>? isFault = null)
    {
        stop.ThrowIfCancellationRequested();
        var image = TestImage.Index([], json => json["annotations"] = new JsonObject { ["org.example.id"] = Guid.NewGuid().ToString() });
        _attempted.Add(image.Digest);
        var answer = await http.PutManifestAsync(repository, tag, image);
        if (answer.Status == 201)
        {
            _acknowledged.Add(image.Digest);
        }
        else if (isFault?.Invoke(answer.Status) is not true)
        {
            throw new ViolationException($"a push to {repository} was answered {answer}");
        }
    }
}

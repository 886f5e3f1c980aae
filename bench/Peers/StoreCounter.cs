using Registry.Testing.Engines;

namespace Registry.Bench.Peers;

/// <summary>Stands between a registry and its S3 store, and counts the requests. Slower than the store alone, so nothing else is measured through it.</summary>
internal sealed class StoreCounter : IAsyncDisposable
{
    // One request a minute tells whether the bucket is still that of the registry, whatever its clients do.
    private const string Mark = "/registry.json";

    private readonly FaultProxy _proxy;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, int> _counts = new(StringComparer.Ordinal);

    /// <param name="store">Address of the store.</param>
    public StoreCounter(Uri store) => _proxy = new FaultProxy(store) { Choose = Note };

    /// <summary>Address for the registry.</summary>
    public Uri Address => _proxy.Address;

    /// <summary>Counts the requests that some work makes.</summary>
    public StoreRequests Count(Action work)
    {
        lock (_lock)
        {
            _counts.Clear();
        }

        work();
        lock (_lock)
        {
            return new StoreRequests(_counts.ToDictionary(StringComparer.Ordinal));
        }
    }

    public ValueTask DisposeAsync() => _proxy.DisposeAsync();

    private Fault? Note(string line)
    {
        var words = line.Split(' ', '?');
        if (!words[1].EndsWith(Mark, StringComparison.Ordinal))
        {
            var kind = KindOf(words[0], line);
            lock (_lock)
            {
                _counts[kind] = _counts.GetValueOrDefault(kind) + 1;
            }
        }

        return null;
    }

    // A short name of the operation in Amazon's S3 API reference.
    private static string KindOf(string method, string line)
    {
        return method switch
        {
            "GET" when Has("prefix=") => "list",
            "PUT" when Has("partNumber=") => "part",
            "POST" when Has("uploadId=") => "complete upload",
            "POST" when Has("uploads") => "create upload",
            "POST" when Has("delete") => "delete",
            "DELETE" when Has("uploadId=") => "abort upload",
            _ => method,
        };

        bool Has(string parameter) => line.Contains($"?{parameter}", StringComparison.Ordinal) || line.Contains($"&{parameter}", StringComparison.Ordinal);
    }
}

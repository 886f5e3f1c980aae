namespace Registry.Bench.Peers;

/// <summary>Requests to an S3 store, by operation.</summary>
/// <param name="ByOperation">Number of requests of each operation.</param>
internal sealed record StoreRequests(IReadOnlyDictionary<string, int> ByOperation)
{
    /// <summary>Number of all requests.</summary>
    public int All => ByOperation.Values.Sum();

    /// <summary>For a table, such as <c>13 (PUT 4, create upload 1, part 7, complete upload 1)</c>.</summary>
    public override string ToString() =>
        ByOperation.Count == 0 ? "0" : $"{All} ({string.Join(", ", ByOperation.OrderBy(operation => operation.Key, StringComparer.Ordinal).Select(operation => $"{operation.Key} {operation.Value}"))})";
}

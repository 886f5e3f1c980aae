namespace Registry.Core.Fairness;

/// <summary>
/// Network of the client for which the current asynchronous work is done, so that queues far below the request can give networks turns. Unknown for work of the
/// registry itself, and for requests that are usually answered from memory.
/// </summary>
/// <remarks>It flows with the work, and costs an allocation where it is set.</remarks>
public static class CurrentCaller
{
    private static readonly AsyncLocal<ClientNetwork> Current = new();

    /// <summary>The network. An asynchronous method that sets it does so for itself and what it calls, not for its caller.</summary>
    public static ClientNetwork Network
    {
        get => Current.Value;
        set => Current.Value = value;
    }
}

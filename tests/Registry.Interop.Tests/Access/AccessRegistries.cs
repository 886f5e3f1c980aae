namespace Registry.Interop.Tests.Access;

/// <summary>One registry for each kind of authentication, started when a test first needs it.</summary>
public sealed class AccessRegistries : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Login, Task<AccessRegistry>> _started = [];

    public Task<AccessRegistry> GetAsync(Login login)
    {
        lock (_gate)
        {
            if (!_started.TryGetValue(login, out Task<AccessRegistry>? registry))
            {
                registry = AccessRegistry.StartAsync(login);
                _started.Add(login, registry);
            }

            return registry;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Task<AccessRegistry> registry in _started.Values.Where(registry => registry.IsCompletedSuccessfully))
        {
            await (await registry).DisposeAsync();
        }
    }
}

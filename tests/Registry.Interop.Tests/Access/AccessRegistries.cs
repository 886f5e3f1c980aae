namespace Registry.Interop.Tests.Access;

/// <summary>One registry for each kind of authentication, started when a test first needs it.</summary>
public sealed class AccessRegistries : IAsyncDisposable
{
    private readonly Dictionary<Login, AccessRegistry> _started = [];

    public async Task<AccessRegistry> GetAsync(Login login)
    {
        if (!_started.TryGetValue(login, out AccessRegistry? registry))
        {
            registry = await AccessRegistry.StartAsync(login);
            _started.Add(login, registry);
        }
        return registry;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (AccessRegistry registry in _started.Values)
        {
            await registry.DisposeAsync();
        }
    }
}

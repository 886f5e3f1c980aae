using Registry.Server.Hosting;

namespace Registry.Bench.Peers;

/// <summary>The registry as operators run it, from the build beside this program.</summary>
internal static class RegistryServer
{
    public const string Name = "Registry";

    /// <summary>Starts the registry over a folder.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="settings">REGISTRY_ variables. Those of this process are not inherited.</param>
    public static Task<Contestant> StartAsync(string folder, IReadOnlyDictionary<string, string> settings)
    {
        var endpoint = Contestant.FreeEndpoint();
        var environment = Environment.GetEnvironmentVariables().Keys.Cast<string>()
            .Where(name => name.StartsWith("REGISTRY_", StringComparison.Ordinal)).ToDictionary(name => name, _ => (string?)null);
        environment["REGISTRY_HOST"] = endpoint.Address.ToString();
        environment["REGISTRY_PORT"] = $"{endpoint.Port}";
        environment["REGISTRY_STORAGE_PATH"] = folder;
        foreach (var (name, value) in settings)
        {
            environment[name] = value;
        }

        return Contestant.StartAsync(Name, Banner.Version, folder, endpoint, DotNet.Host, [DotNet.BesideThis("registry.dll")], environment);
    }
}

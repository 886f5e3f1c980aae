using Registry.Server.Hosting;

namespace Registry.Bench.Peers;

/// <summary>Our server, as operators run it: the build that lies beside this program.</summary>
internal static class RegistryServer
{
    public const string Name = "Registry";

    /// <summary>Starts it over a folder.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="settings">REGISTRY_ variables. Those that this process has itself are not inherited.</param>
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

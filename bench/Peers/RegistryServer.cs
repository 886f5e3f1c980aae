using Registry.Server;

namespace Registry.Bench.Peers;

/// <summary>The registry as a process.</summary>
internal static class RegistryServer
{
    /// <summary>Name of the published program in the tables.</summary>
    public const string Name = "Registry";

    /// <summary>Starts the registry over a folder.</summary>
    /// <param name="program">The form of the program.</param>
    /// <param name="folder">The data folder.</param>
    /// <param name="settings">REGISTRY_ variables. Those of this process are not inherited.</param>
    /// <param name="certificate">Certificate for TLS; null for clear text.</param>
    public static Task<Contestant> StartAsync(
        RegistryProgram program, string folder, IReadOnlyDictionary<string, string> settings, ServerCertificate? certificate = null)
    {
        var address = Contestant.FreeAddress(certificate);
        var environment = Contestant.WithoutSettings();
        environment["REGISTRY_HOST"] = address.EndPoint.Address.ToString();
        environment["REGISTRY_PORT"] = $"{address.EndPoint.Port}";
        environment["REGISTRY_STORAGE_PATH"] = folder;
        if (certificate is not null)
        {
            environment["REGISTRY_TLS_CERT"] = certificate.Certificate;
            environment["REGISTRY_TLS_KEY"] = certificate.Key;
        }

        foreach (var (name, value) in settings)
        {
            environment[name] = value;
        }

        return Contestant.StartAsync(program.Name, ProductVersion.Text, folder, address, program.Path, program.Arguments, environment);
    }
}

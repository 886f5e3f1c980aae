using Registry.Bench.Wire;
using Registry.Testing;

namespace Registry.Bench.Peers;

/// <summary>A registry whose program an environment variable names.</summary>
/// <param name="Name">Name in the tables.</param>
/// <param name="Variable">Variable with the path of the program.</param>
/// <param name="VersionArgument">Argument that prints the version.</param>
/// <param name="Serve">Arguments that serve a folder.</param>
internal sealed record NamedRegistry(
    string Name, string Variable, string VersionArgument, Func<TemporaryFolder, string, ServerAddress, ServerCertificate?, IReadOnlyList<string>> Serve)
{
    /// <summary>olareg, by the maintainer of the specification. It syncs nothing.</summary>
    public static NamedRegistry Olareg { get; } = new("olareg", "OLAREG_BIN", "version", ServeOlareg);

    /// <summary>zot, with its defaults.</summary>
    public static NamedRegistry Zot { get; } = new("zot", "ZOT_BIN", "--version", ServeZot);

    /// <summary>Starts it over a folder.</summary>
    public async Task<Contestant> StartAsync(string program, TemporaryFolder folders, ServerCertificate? certificate)
    {
        var address = Contestant.FreeAddress(certificate);
        var root = folders.Folder(Name);
        var version = await Programs.VersionAsync(program, VersionArgument);
        return await Contestant.StartAsync(Name, version, root, address, program, Serve(folders, root, address, certificate));
    }

    private static List<string> ServeOlareg(TemporaryFolder folders, string root, ServerAddress address, ServerCertificate? certificate)
    {
        List<string> arguments = ["serve", "--dir", root, "--addr", $"{address.EndPoint.Address}", "--port", $"{address.EndPoint.Port}"];
        if (certificate is not null)
        {
            arguments.AddRange(["--tls-cert", certificate.Certificate, "--tls-key", certificate.Key]);
        }

        return arguments;
    }

    private static List<string> ServeZot(TemporaryFolder folders, string root, ServerAddress address, ServerCertificate? certificate)
    {
        var configuration = folders.File("zot.json");
        var tls = certificate is null ? string.Empty : $$""", "tls": { "cert": "{{certificate.Certificate}}", "key": "{{certificate.Key}}" }""";
        File.WriteAllText(configuration, $$"""
            {
              "distSpecVersion": "1.1.1",
              "storage": { "rootDirectory": "{{root}}" },
              "http": { "address": "{{address.EndPoint.Address}}", "port": "{{address.EndPoint.Port}}"{{tls}} },
              "log": { "level": "error" }
            }
            """);
        return ["serve", configuration];
    }
}

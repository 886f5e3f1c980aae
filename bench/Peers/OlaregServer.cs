using Registry.Testing;

namespace Registry.Bench.Peers;

/// <summary>olareg, by the maintainer of the specification. It syncs nothing.</summary>
internal static class OlaregServer
{
    public const string Name = "olareg";

    /// <summary>Variable with the path of the program.</summary>
    public const string Variable = "OLAREG_BIN";

    /// <summary>Starts it over a folder.</summary>
    public static async Task<Contestant> StartAsync(string program, TemporaryFolder folders, ServerCertificate? certificate)
    {
        var address = Contestant.FreeAddress(certificate);
        var root = folders.Folder(Name);
        List<string> arguments = ["serve", "--dir", root, "--addr", $"{address.EndPoint.Address}", "--port", $"{address.EndPoint.Port}"];
        if (certificate is not null)
        {
            arguments.AddRange(["--tls-cert", certificate.Certificate, "--tls-key", certificate.Key]);
        }

        return await Contestant.StartAsync(Name, await Programs.VersionAsync(program, "version"), root, address, program, arguments);
    }
}

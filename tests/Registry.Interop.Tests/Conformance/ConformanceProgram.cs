using System.Xml.Linq;

namespace Registry.Interop.Tests.Conformance;

/// <summary>The conformance program of the OCI distribution-spec.</summary>
/// <param name="hostPort">Registry that it tests.</param>
/// <param name="results">Folder of its reports.</param>
internal sealed class ConformanceProgram(string hostPort, string results)
{
    /// <summary>CA bundle of the registry; null for plain HTTP.</summary>
    public string? Authority { get; set; }

    /// <summary>User and password; null for none.</summary>
    public (string User, string Password)? Credentials { get; set; }

    /// <summary>True if the registry takes manifests whose content is missing.</summary>
    public bool IsSparse { get; set; }

    /// <summary>Runs the program, and asserts that it finds no fault.</summary>
    /// <param name="version">Version of the specification.</param>
    public async Task AssertConformsAsync(string version)
    {
        var conformance = new Command(ConformanceFactAttribute.ProgramPath!, "the conformance program of the distribution-spec")
        {
            Environment =
            {
                ["OCI_REGISTRY"] = hostPort,
                ["OCI_TLS"] = Authority is null ? "disabled" : "enabled",
                ["SSL_CERT_FILE"] = Authority,
                ["OCI_VERSION"] = version,
                ["OCI_DATA_SPARSE"] = IsSparse ? "true" : "false",
                ["OCI_RESULTS_DIR"] = results,
                ["OCI_USERNAME"] = Credentials?.User,
                ["OCI_PASSWORD"] = Credentials?.Password,
            },
        };

        _ = await conformance.RunAsync();

        // It ends with 0 as well when it could not begin.
        XElement report = XDocument.Load(Path.Combine(results, "junit.xml")).Root!;
        Assert.Equal(0, (int?)report.Attribute("failures") ?? 0);
        Assert.True((int)report.Attribute("tests")! > 800, $"only {report.Attribute("tests")} tests ran");
    }
}

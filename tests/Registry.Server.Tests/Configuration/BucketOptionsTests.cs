using Registry.Server.Configuration;
using Registry.Storage.S3;

namespace Registry.Server.Tests.Configuration;

/// <summary>Settings of a bucket: each fault is one line.</summary>
public sealed class BucketOptionsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_setting_of_a_bucket_is_taken()
    {
        using var authority = new TestAuthority();
        File.WriteAllText(_folder.File("ca.pem"), authority.Certificate.ExportCertificatePem());
        File.WriteAllText(_folder.File("secret"), "secret\n");
        var bucket = Bucket(
            ("REGISTRY_S3_ENDPOINT", "http://10.0.0.1:7480"),
            ("REGISTRY_S3_REGION", "eu-central-1"),
            ("REGISTRY_S3_PREFIX", "team/registry"),
            ("REGISTRY_S3_PATH_STYLE", "false"),
            ("REGISTRY_S3_ACCESS_KEY", "access"),
            ("REGISTRY_S3_SECRET_KEY_FILE", _folder.File("secret")),
            ("REGISTRY_S3_CA", _folder.File("ca.pem")),
            ("REGISTRY_S3_REDIRECT", "true"),
            ("REGISTRY_S3_PUBLIC_ENDPOINT", "https://s3.example.com"),
            ("REGISTRY_S3_UPLOAD_MEMORY", "64MiB"),
            ("REGISTRY_S3_DELETE_AFTER", "2d"));

        Assert.Equal(authority.Certificate.Thumbprint, Assert.Single(bucket.Authorities!).Thumbprint);
        Assert.Equal(
            new S3Settings
            {
                Bucket = "images",
                Endpoint = new Uri("http://10.0.0.1:7480"),
                Region = "eu-central-1",
                Prefix = "team/registry",
                PathStyle = false,
                AccessKey = "access",
                SecretKey = "secret",
                Redirects = true,
                PublicEndpoint = new Uri("https://s3.example.com"),
                UploadMemory = 64 * 1024 * 1024,
                DeleteAfter = TimeSpan.FromDays(2),
            },
            bucket with { Authorities = null });
    }

    [Fact]
    public void The_bucket_is_in_the_path_unless_the_store_is_AWS()
    {
        Assert.False(Bucket().PathStyle);
        Assert.True(Bucket(("REGISTRY_S3_ENDPOINT", "https://s3.example.com")).PathStyle);
    }

    [Fact]
    public void The_largest_blob_is_what_fits_into_the_parts()
    {
        Assert.Equal(10_000L * 16 * 1024 * 1024, Read(("REGISTRY_BLOBS", "s3"), ("REGISTRY_S3_BUCKET", "images")).Options.StorageLimits.BlobMaxSize);
        Assert.Equal(
            1000, Read(("REGISTRY_BLOBS", "s3"), ("REGISTRY_S3_BUCKET", "images"), ("REGISTRY_BLOB_MAX_SIZE", "1000")).Options.StorageLimits.BlobMaxSize);
    }

    [Theory]
    [InlineData("REGISTRY_BLOBS", "swift", "REGISTRY_BLOBS is 'swift'; allowed: files or s3")]
    [InlineData("REGISTRY_S3_BUCKET", "a/b", "REGISTRY_S3_BUCKET is 'a/b'; allowed: the name of an existing bucket")]
    [InlineData("REGISTRY_S3_ENDPOINT", "s3.example.com", "REGISTRY_S3_ENDPOINT is 's3.example.com'; allowed: http:// or https:// with a host")]
    [InlineData("REGISTRY_S3_REGION", "eu central", "REGISTRY_S3_REGION is 'eu central'; allowed: a region")]
    [InlineData("REGISTRY_S3_PREFIX", "/team", "REGISTRY_S3_PREFIX is '/team'; allowed: the beginning of all keys")]
    [InlineData("REGISTRY_S3_UPLOAD_MEMORY", "1MiB", "REGISTRY_S3_UPLOAD_MEMORY is '1MiB'; allowed: a size of 32MiB or more")]
    [InlineData("REGISTRY_S3_DELETE_AFTER", "soon", "REGISTRY_S3_DELETE_AFTER is 'soon'; allowed: a time of 0")]
    [InlineData("REGISTRY_S3_REDIRECT", "maybe", "REGISTRY_S3_REDIRECT is 'maybe'; allowed: true")]
    [InlineData("REGISTRY_S3_PUBLIC_ENDPOINT", "s3.example.com", "REGISTRY_S3_PUBLIC_ENDPOINT is 's3.example.com'; allowed: http:// or https:// with a host")]
    [InlineData("REGISTRY_S3_PUBLIC_ENDPOINT", "https://s3.example.com", "REGISTRY_S3_PUBLIC_ENDPOINT is set, but REGISTRY_S3_REDIRECT is not true; set REGISTRY_S3_REDIRECT=true")]
    [InlineData("REGISTRY_S3_ACCESS_KEY", "access", "REGISTRY_S3_SECRET_KEY is missing; REGISTRY_S3_ACCESS_KEY is set")]
    [InlineData("REGISTRY_S3_CA", "/nowhere.pem", "REGISTRY_S3_CA /nowhere.pem cannot be used: there is no such file")]
    public void A_fault_is_a_line(string name, string value, string expected)
    {
        var fault = Assert.Single(Read([("REGISTRY_BLOBS", "s3"), .. name == "REGISTRY_S3_BUCKET" ? [] : new[] { ("REGISTRY_S3_BUCKET", "images") }, (name, value)]).Faults, fault => fault.StartsWith(expected, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', fault);
    }

    [Theory]
    [InlineData("0", "REGISTRY_S3_DELETE_AFTER is 0; with REGISTRY_S3_REDIRECT=true, at least 20m is needed, for which a client may use its link to an object")]
    [InlineData("19m59s", "REGISTRY_S3_DELETE_AFTER is 19m59s; with REGISTRY_S3_REDIRECT=true, at least 20m is needed, for which a client may use its link to an object")]
    [InlineData("20m", null)]
    public void An_object_stays_for_as_long_as_the_links_to_it(string deleteAfter, string? expected) => Assert.Equal(
        expected is null ? [] : [expected],
        Read(("REGISTRY_BLOBS", "s3"), ("REGISTRY_S3_BUCKET", "images"), ("REGISTRY_S3_REDIRECT", "true"), ("REGISTRY_S3_DELETE_AFTER", deleteAfter)).Faults);

    [Fact]
    public void A_secret_comes_from_one_place_and_is_never_printed()
    {
        File.WriteAllText(_folder.File("empty"), "\n");
        var loaded = Read(
            ("REGISTRY_BLOBS", "s3"),
            ("REGISTRY_S3_BUCKET", "images"),
            ("REGISTRY_S3_ACCESS_KEY", "access"),
            ("REGISTRY_S3_ACCESS_KEY_FILE", _folder.File("empty")),
            ("REGISTRY_S3_SECRET_KEY_FILE", _folder.File("empty")));

        Assert.Equal(
            [
                "REGISTRY_S3_ACCESS_KEY and REGISTRY_S3_ACCESS_KEY_FILE are both set; unset one of them",
                $"REGISTRY_S3_SECRET_KEY_FILE {_folder.File("empty")} is empty; it must hold the secret key",
            ],
            loaded.Faults);
        Assert.Equal("********", Assert.Single(loaded.Settings, setting => setting.Name == "REGISTRY_S3_ACCESS_KEY").Value);
    }

    [Fact]
    public void Settings_of_a_bucket_without_one_are_refused()
    {
        Assert.All(
            VariableNames.Bucket.Where(name => name is not ("REGISTRY_S3_CA" or "REGISTRY_S3_ACCESS_KEY_FILE" or "REGISTRY_S3_SECRET_KEY_FILE")),
            name => Assert.Contains(
                $"{name} is set, but REGISTRY_BLOBS is not s3; set REGISTRY_BLOBS=s3 as well, or unset {name}",
                Read((name, VariableNames.Switches.Contains(name) ? "true" : "1")).Faults));
        Assert.Null(Read(("REGISTRY_BLOBS", "files")).Options.Bucket);
    }

    private static S3Settings Bucket(params (string Name, string Value)[] variables)
    {
        var loaded = Read([("REGISTRY_BLOBS", "s3"), ("REGISTRY_S3_BUCKET", "images"), .. variables]);
        Assert.Empty(loaded.Faults);
        return loaded.Options.Bucket!;
    }

    private static LoadedOptions Read(params (string Name, string Value)[] variables) =>
        OptionsReader.Read(variables.GroupBy(variable => variable.Name).ToDictionary(group => group.Key, group => group.Last().Value));
}

// Grants rights, since the broker's jars hold no tool for it: Acl.java <servers> <user:password> <certificate> <grant>...
// where a grant is principal|resource type|resource|LITERAL or PREFIXED|operation,operation
import java.util.*;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.acl.*;
import org.apache.kafka.common.resource.*;

public class Acl {
    public static void main(String[] args) throws Exception {
        var admin = args[1].split(":", 2);
        var config = new Properties();
        config.put("bootstrap.servers", args[0]);
        config.put("security.protocol", "SASL_SSL");
        config.put("ssl.truststore.type", "PEM");
        config.put("ssl.truststore.location", args[2]);
        config.put("sasl.mechanism", "PLAIN");
        config.put("sasl.jaas.config", "org.apache.kafka.common.security.plain.PlainLoginModule required"
            + " username=\"" + admin[0] + "\" password=\"" + admin[1] + "\";");
        var grants = new ArrayList<AclBinding>();
        for (var arg : Arrays.asList(args).subList(3, args.length)) {
            var part = arg.split("\\|");
            var on = new ResourcePattern(ResourceType.valueOf(part[1]), part[2], PatternType.valueOf(part[3]));
            for (var operation : part[4].split(",")) {
                var entry = new AccessControlEntry(
                    part[0], "*", AclOperation.valueOf(operation), AclPermissionType.ALLOW);
                grants.add(new AclBinding(on, entry));
            }
        }
        try (var client = Admin.create(config)) {
            client.createAcls(grants).all().get();
        }
    }
}

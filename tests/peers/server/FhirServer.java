import ca.uhn.fhir.batch2.jobs.config.Batch2JobsConfig;
import ca.uhn.fhir.batch2.maintenance.JobMaintenanceServiceImpl;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.config.ThreadPoolFactoryConfig;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.batch2.JpaBatch2Config;
import ca.uhn.fhir.jpa.binstore.MemoryBinaryStorageSvcImpl;
import ca.uhn.fhir.jpa.config.HapiJpaConfig;
import ca.uhn.fhir.jpa.config.HibernatePropertiesProvider;
import ca.uhn.fhir.jpa.config.r4.JpaR4Config;
import ca.uhn.fhir.jpa.config.r5.JpaR5Config;
import ca.uhn.fhir.jpa.config.util.HapiEntityManagerFactoryUtil;
import ca.uhn.fhir.jpa.model.config.PartitionSettings;
import ca.uhn.fhir.jpa.model.config.SubscriptionSettings;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirH2Dialect;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.provider.JpaSystemProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.jpa.subscription.channel.config.SubscriptionChannelConfig;
import ca.uhn.fhir.jpa.subscription.match.config.SubscriptionProcessorConfig;
import ca.uhn.fhir.jpa.subscription.match.deliver.email.IEmailSender;
import ca.uhn.fhir.jpa.subscription.submit.config.SubscriptionSubmitterConfig;
import ca.uhn.fhir.jpa.topic.SubscriptionTopicConfig;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.server.IncomingRequestAddressStrategy;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.interceptor.SearchPreferHandlingInterceptor;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import jakarta.persistence.EntityManagerFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Properties;
import javax.sql.DataSource;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.h2.jdbcx.JdbcConnectionPool;
import org.hibernate.dialect.Dialect;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;

/**
 * A FHIR server for tests: HAPI FHIR JPA over a database in memory, on a free port of 127.0.0.1.
 *
 * <p>Usage: {@code FhirServer (R4|R5) FILE}. The base address is written to FILE once the server answers.
 * It ends when its standard input ends, so it never outlives the tests.
 */
public final class FhirServer {
    private FhirServer() {}

    public static void main(String[] args) {
        try {
            serve(args);
        } catch (Throwable problem) {
            problem.printStackTrace();
            // Threads that were started before the failure would keep the process alive.
            Runtime.getRuntime().halt(1);
        }
    }

    private static void serve(String[] args) throws Exception {
        Class<?> release = args[0].equals("R5") ? R5.class : R4.class;
        AnnotationConfigApplicationContext spring = new AnnotationConfigApplicationContext(release);

        Server jetty = new Server();
        ServerConnector connector = new ServerConnector(jetty);
        connector.setHost("127.0.0.1");
        connector.setPort(0);
        jetty.addConnector(connector);
        ServletContextHandler handler = new ServletContextHandler("/");
        ServletHolder holder = new ServletHolder(servlet(spring));
        holder.setInitOrder(1);
        handler.addServlet(holder, "/fhir/*");
        jetty.setHandler(handler);
        jetty.start();

        Path target = Path.of(args[1]);
        Path partial = Path.of(args[1] + ".partial");
        Files.writeString(partial, "http://127.0.0.1:" + connector.getLocalPort() + "/fhir", StandardCharsets.UTF_8);
        Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);

        while (System.in.read() >= 0) {
            continue;
        }
        // The database is in memory: there is nothing to save, and an orderly end takes seconds.
        Runtime.getRuntime().halt(0);
    }

    private static RestfulServer servlet(AnnotationConfigApplicationContext spring) {
        FhirContext context = spring.getBean(FhirContext.class);
        IFhirSystemDao<?, ?> system = spring.getBean(IFhirSystemDao.class);
        JpaStorageSettings settings = spring.getBean(JpaStorageSettings.class);
        RestfulServer server = new RestfulServer(context);
        server.registerProviders(spring.getBean(ResourceProviderFactory.class).createProviders());
        server.registerProvider(spring.getBean(JpaSystemProvider.class));
        server.setServerConformanceProvider(new JpaCapabilityStatementProvider(
                server,
                system,
                settings,
                spring.getBean(ISearchParamRegistry.class),
                spring.getBean(IValidationSupport.class)));
        server.setServerAddressStrategy(new IncomingRequestAddressStrategy());
        server.setPagingProvider(spring.getBean(DatabaseBackedPagingProvider.class));
        server.setDefaultResponseEncoding(EncodingEnum.JSON);
        server.registerInterceptor(new SearchPreferHandlingInterceptor(spring.getBean(ISearchParamRegistry.class)));
        return server;
    }

    @Configuration
    @Import({JpaR4Config.class, Common.class})
    public static class R4 {}

    @Configuration
    @Import({JpaR5Config.class, SubscriptionTopicConfig.class, Common.class})
    public static class R5 {}

    @Configuration
    @Import({
        HapiJpaConfig.class,
        JpaBatch2Config.class,
        Batch2JobsConfig.class,
        ThreadPoolFactoryConfig.class,
        SubscriptionSubmitterConfig.class,
        SubscriptionProcessorConfig.class,
        SubscriptionChannelConfig.class
    })
    public static class Common {
        @Bean
        public JpaStorageSettings storageSettings() {
            JpaStorageSettings settings = new JpaStorageSettings();
            // By default a search is answered with the result of an equal one up to a minute ago.
            settings.setReuseCachedSearchResultsForMillis(null);
            settings.setMarkResourcesForReindexingUponSearchParameterChange(true);
            return settings;
        }

        /** The stock pace is one pass a minute: a new SearchParameter would be applied to stored data that late. */
        @Bean
        public static BeanPostProcessor fasterJobs() {
            return new BeanPostProcessor() {
                @Override
                public Object postProcessBeforeInitialization(Object bean, String name) {
                    if (bean instanceof JobMaintenanceServiceImpl service) {
                        service.setScheduledJobFrequencyMillis(1000);
                    }
                    return bean;
                }
            };
        }

        @Bean
        public PartitionSettings partitionSettings() {
            return new PartitionSettings();
        }

        @Bean
        public SubscriptionSettings subscriptionSettings() {
            return new SubscriptionSettings();
        }

        @Bean
        public IEmailSender emailSender() {
            return details -> {};
        }

        @Bean
        public MemoryBinaryStorageSvcImpl binaryStorage() {
            return new MemoryBinaryStorageSvcImpl();
        }

        @Bean
        public DataSource dataSource() {
            JdbcConnectionPool pool = JdbcConnectionPool.create("jdbc:h2:mem:fhir;DB_CLOSE_DELAY=-1", "sa", "");
            pool.setMaxConnections(20);
            return pool;
        }

        @Bean
        @Primary
        public HibernatePropertiesProvider hibernateProperties() {
            return new HibernatePropertiesProvider() {
                @Override
                public Dialect getDialect() {
                    return new HapiFhirH2Dialect();
                }
            };
        }

        @Bean
        public LocalContainerEntityManagerFactoryBean entityManagerFactory(
                ConfigurableListableBeanFactory beans,
                FhirContext context,
                JpaStorageSettings settings,
                DataSource database) {
            LocalContainerEntityManagerFactoryBean factory =
                    HapiEntityManagerFactoryUtil.newEntityManagerFactory(beans, context, settings);
            factory.setPersistenceUnitName("fhir");
            factory.setDataSource(database);
            Properties properties = new Properties();
            properties.put("hibernate.dialect", HapiFhirH2Dialect.class.getName());
            properties.put("hibernate.hbm2ddl.auto", "update");
            properties.put("hibernate.search.enabled", "false");
            factory.setJpaProperties(properties);
            return factory;
        }

        @Bean
        @Primary
        public JpaTransactionManager transactionManager(EntityManagerFactory factory) {
            JpaTransactionManager manager = new JpaTransactionManager();
            manager.setEntityManagerFactory(factory);
            return manager;
        }
    }
}
